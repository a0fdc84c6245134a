/** How the page of a conversation looks. The page's policy names the hash of each of these: nothing else is a style sheet. */

/** The page itself. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--back:#f4f5f7;--card:#fff;--text:#1c1e21;--dim:#5f6670;--line:#dcdfe4;--link:#0b57d0;--in:#2563eb;--out:#15803d;--note:#b45309;--note-card:#fff9eb}
@media (prefers-color-scheme:dark){:root{--back:#16181b;--card:#1f2226;--text:#e6e8eb;--dim:#9aa2ad;--line:#353a41;--link:#8ab4f8;--in:#7aa7ff;--out:#5fc987;--note:#f0b357;--note-card:#2a251b}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:56rem;padding:1.5rem 1rem 3rem;background:var(--back);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
p,dl,dd,h1,ul{margin:0;padding:0}
h1{font-size:1.6rem;line-height:1.25;margin:.1rem 0 .4rem;text-align:start}
.number,.address,.recipients,.event,.when,dt,footer,.attachments span,.notice,.empty,summary{color:var(--dim)}
.number{font-weight:600}
.ticket{padding:0 .25rem 1.25rem}
.ticket dl{display:flex;flex-wrap:wrap;gap:.35rem 1.75rem;margin-top:.75rem;font-size:.875rem}
.ticket dt{font-size:.75rem}
.badge{display:inline-block;padding:.05rem .5rem;border:1px solid currentColor;border-radius:1rem;font-size:.75rem;font-weight:600;line-height:1.4;vertical-align:.1em}
.badge.in{color:var(--in)}.badge.out,.badge.open{color:var(--out)}.badge.note,.badge.pending{color:var(--note)}.badge.closed{color:var(--dim)}
.message{margin:.75rem 0;background:var(--card);border:1px solid var(--line);border-left:4px solid var(--in);border-radius:.5rem;padding:.85rem 1rem 1rem}
.message.out{border-left-color:var(--out)}
.message.note{border-left-color:var(--note);background:var(--note-card)}
.message>header{display:grid;grid-template-columns:1fr auto;gap:.1rem 1rem;padding-bottom:.65rem;margin-bottom:.75rem;border-bottom:1px solid var(--line)}
.message>header>*{grid-column:1/-1}
.message>header>.who{grid-column:1}
.message>header>.when{grid-column:2;font-size:.875rem;white-space:nowrap}
.recipients,.subject{font-size:.875rem}
.recipients>span:first-child{display:inline-block;min-width:1.6rem}
.subject{font-weight:600}
.text{white-space:pre-wrap;unicode-bidi:plaintext;text-align:start}
.mail{display:block;contain:content;overflow:auto;max-width:100%;padding:.75rem;background:#fff;color:#1c1e21;color-scheme:light;border-radius:.35rem}
details{margin-top:.75rem}
summary{cursor:pointer;font-size:.875rem;width:fit-content}
details[open]>summary{margin-bottom:.5rem}
details>.text{padding-left:.75rem;border-left:3px solid var(--line)}
.notice{margin-top:.6rem;font-size:.8125rem}
.attachments{list-style:none;display:flex;flex-wrap:wrap;gap:.4rem;margin-top:.85rem;font-size:.875rem}
.attachments li{border:1px solid var(--line);border-radius:.35rem;padding:.15rem .6rem}
.attachments span{font-size:.8125rem}
.event{font-size:.8125rem;padding:.1rem 1.25rem}
.event time{font-variant-numeric:tabular-nums;margin-right:.35rem}
footer{padding:1rem .25rem 0;font-size:.8125rem}
@media (max-width:34rem){.message>header{display:block}}
@media print{:root{--back:#fff;--card:#fff;--text:#000;--dim:#444;--line:#bbb;--note-card:#fff;color-scheme:light}body{max-width:none;padding:0;font-size:11pt}.mail{contain:style;overflow:hidden;padding:.25rem 0}.message>header,.event{break-inside:avoid}.message>header{break-after:avoid}.plain,footer{display:none}}
`

/** The inside of a mail: what browsers do by themselves, and what nobody writes for a page within a page. */
export const MAIL_STYLE = `
:host{font:15px/1.45 Arial,Helvetica,sans-serif}
img{max-width:100%;height:auto}
a{color:#0b57d0}
a:not([href]){color:inherit}
table{max-width:100%}
pre{white-space:pre-wrap}
blockquote{margin-inline:0;padding-inline-start:.75rem;border-inline-start:3px solid #d5d9df}
p{margin-block:.5em}
.picture{display:inline-block;max-width:100%;padding:.05rem .4rem;border:1px dashed #a5acb5;border-radius:.25rem;color:#5f6670;background:#f6f7f9;font:12px/1.5 Arial,Helvetica,sans-serif;overflow-wrap:anywhere}
details{margin-top:.75rem}
summary{cursor:pointer;width:fit-content;font-size:13px;color:#5f6670}
@media print{details:not([open])>summary{display:none}}
`
