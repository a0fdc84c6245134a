/**
 * The media type that a file's name stands for (RFC 6838), by the table of nodemailer; `application/octet-stream` for one that
 * says nothing.
 */
export async function contentTypeOf(filename: string): Promise<string> {
  const {detectMimeType} = await import('nodemailer/lib/mime-funcs')
  return detectMimeType(filename)
}
