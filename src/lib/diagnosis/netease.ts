/**
 * Whether NetEase runs the server (163.com, 126.com, yeah.net, 188.com). It has habits of its own: it opens no mailbox for
 * who has not named himself by ID (RFC 2971; offlineimap#696, himalaya#651), and refuses the initial response that it
 * offers (RFC 4959; himalaya#729).
 */
export const isNetEase = (host: string): boolean => /(^|\.)(163|126|188)\.com$|(^|\.)yeah\.net$/i.test(host)
