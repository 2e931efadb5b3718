/** Castagnoli's polynomial, bits reversed. Source: RFC 3720, appendix B.4. */
const POLYNOMIAL = 0x82f63b78;
/** Bytes looked up at once. */
const SLICES = 8;

const TABLE = makeTable();

/** Row k holds the CRC of a byte that k zero bytes follow. */
function makeTable(): Uint32Array {
  const table = new Uint32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  for (let at = 256; at < table.length; at += 1) {
    const before = table[at - 256] as number;
    table[at] = (before >>> 8) ^ (table[before & 0xff] as number);
  }
  return table;
}

/** CRC32C of `bytes`, going on from that of the bytes before them. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const table = TABLE;
  let crc = ~before;
  let at = 0;
  for (const last = bytes.length - SLICES; at <= last; at += SLICES) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    crc =
      (table[0x700 | (crc & 0xff)] as number) ^
      (table[0x600 | ((crc >>> 8) & 0xff)] as number) ^
      (table[0x500 | ((crc >>> 16) & 0xff)] as number) ^
      (table[0x400 | (crc >>> 24)] as number) ^
      (table[0x300 | (bytes[at + 4] as number)] as number) ^
      (table[0x200 | (bytes[at + 5] as number)] as number) ^
      (table[0x100 | (bytes[at + 6] as number)] as number) ^
      (table[bytes[at + 7] as number] as number);
  }
  for (; at < bytes.length; at += 1) {
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] as number)) & 0xff] as number);
  }
  return ~crc >>> 0;
}
