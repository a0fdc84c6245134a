/** Writes a winmail.dat as Outlook does (MS-OXTNEF), for tests. */

/** A property of MAPI (MS-OXCDATA 2.11.1). */
export interface WrittenProperty {
  readonly id: number
  readonly value: string | Buffer | Date | {readonly object: Buffer}
  /** Number of a named property, which then has `id` 0x8000 or above. */
  readonly named?: number
}

export interface WrittenFile {
  /** The short name, in the code page. */
  readonly title: string
  readonly data: Buffer
  readonly properties?: readonly WrittenProperty[]
}

export interface WrittenTnef {
  readonly codePage?: number
  readonly messageClass?: string
  readonly subject?: string
  readonly properties?: readonly WrittenProperty[]
  readonly files?: readonly WrittenFile[]
}

export function writeTnef({
  codePage = 1252,
  messageClass = '',
  subject = '',
  properties,
  files = [],
}: WrittenTnef): Buffer {
  const head = Buffer.alloc(6)
  head.writeUInt32LE(0x223e9f78)
  head.writeUInt16LE(1, 4)
  return Buffer.concat([
    head,
    attribute(1, 0x00089006, Buffer.from([0, 0, 1, 0])),
    attribute(1, 0x00069007, Buffer.concat([uint32(codePage), uint32(0)])),
    ...(messageClass === '' ? [] : [attribute(1, 0x00078008, Buffer.from(`${messageClass}\0`))]),
    ...(subject === '' ? [] : [attribute(1, 0x00018004, Buffer.from(`${subject}\0`, 'latin1'))]),
    ...(properties === undefined ? [] : [attribute(1, 0x00069003, list(properties))]),
    ...files.flatMap(({title, data, properties}) => [
      attribute(2, 0x00069002, Buffer.alloc(14)),
      ...(data.length === 0 ? [] : [attribute(2, 0x0006800f, data)]),
      attribute(2, 0x00018010, Buffer.from(`${title}\0`, 'latin1')),
      ...(properties === undefined ? [] : [attribute(2, 0x00069005, list(properties))]),
    ]),
  ])
}

function attribute(level: number, id: number, data: Buffer): Buffer {
  let sum = 0
  for (const byte of data) sum += byte
  const checksum = Buffer.alloc(2)
  checksum.writeUInt16LE(sum & 0xffff)
  return Buffer.concat([Buffer.from([level]), uint32(id), uint32(data.length), data, checksum])
}

function list(properties: readonly WrittenProperty[]): Buffer {
  return Buffer.concat([uint32(properties.length), ...properties.map(property)])
}

function property({id, value, named}: WrittenProperty): Buffer {
  const name = named === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.alloc(16, 7), uint32(0), uint32(named)])
  const [type, content] =
    typeof value === 'string'
      ? [0x001f, varying(Buffer.from(`${value}\0`, 'utf16le'))]
      : value instanceof Date
        ? [0x0040, filetime(value)]
        : Buffer.isBuffer(value)
          ? [0x0102, varying(value)]
          : [0x000d, varying(Buffer.concat([Buffer.alloc(16, 9), value.object]))]
  const head = Buffer.alloc(4)
  head.writeUInt16LE(type)
  head.writeUInt16LE(id, 2)
  return Buffer.concat([head, name, content])
}

function varying(value: Buffer): Buffer {
  return Buffer.concat([uint32(1), uint32(value.length), value, Buffer.alloc((4 - (value.length % 4)) % 4)])
}

function filetime(date: Date): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE((BigInt(date.getTime()) + 11_644_473_600_000n) * 10_000n)
  return bytes
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** RTF packed as MAPI does, without any reference back (MS-OXRTFCP: eight bytes behind each control byte). */
export function packRtf(rtf: string): Buffer {
  const bytes = Buffer.from(rtf, 'latin1')
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += 8) pieces.push(Buffer.from([0]), bytes.subarray(at, at + 8))
  const packed = Buffer.concat(pieces)
  const head = Buffer.concat([uint32(packed.length + 12), uint32(bytes.length), uint32(0x75465a4c), uint32(0)])
  return Buffer.concat([head, packed])
}
