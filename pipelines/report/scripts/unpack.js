// Unpacks what was packed with gzip (RFC 1951 and 1952), at once: what browsers bring for it answers later, and paper does not wait.
"use strict";

const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/* What a code stands for at least, and how many bits say how much more. */
function ranges(least, count, ofOneWidth) {
  return Array.from({ length: count }, (_, code) => {
    const width = Math.max(0, Math.floor(code / ofOneWidth) - 1);
    least += 1 << width;
    return [least - (1 << width), width];
  });
}

const LENGTHS = [...ranges(3, 28, 4), [258, 0]];
const DISTANCES = ranges(1, 30, 2);

class Bits {
  constructor(bytes, at) {
    Object.assign(this, { bytes, at, held: 0, count: 0 });
  }

  take(count) {
    while (this.count < count) this.load();
    const value = this.held & ((1 << count) - 1);
    this.drop(count);
    return value;
  }

  symbol(codes) {
    while (this.count < 15) this.load();
    const found = codes[this.held & (codes.length - 1)];
    this.drop(found & 15);
    return found >> 4;
  }

  load() {
    this.held |= this.bytes[this.at++] << this.count;
    this.count += 8;
  }

  drop(count) {
    this.held >>>= count;
    this.count -= count;
  }

  /* The next whole bytes, told with their number in front. */
  stored() {
    this.at -= this.count >> 3;
    const from = this.at + 4;
    this.at = from + (this.bytes[from - 4] | (this.bytes[from - 3] << 8));
    this.held = this.count = 0;
    return this.bytes.subarray(from, this.at);
  }
}

/* A table from the next bits to the symbol (above) and the bits it takes (the lowest four). */
function codesOf(lengths) {
  const widest = Math.max(1, ...lengths);
  const codes = new Uint16Array(1 << widest);
  let code = 0;
  for (let length = 1; length <= widest; length++, code <<= 1)
    lengths.forEach((own, symbol) => {
      if (own !== length) return;
      const first = parseInt([...(code++).toString(2).padStart(length, "0")].reverse().join(""), 2);
      for (let at = first; at < codes.length; at += 1 << length) codes[at] = (symbol << 4) | length;
    });
  return codes;
}

const FIXED = [codesOf(Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8))), codesOf(Array(30).fill(5))];

/* The codes a block brings along: of bytes and lengths, and of distances. */
function ownCodes(bits) {
  const [literals, distances, count] = [bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4];
  const widths = Array(19).fill(0);
  for (const place of ORDER.slice(0, count)) widths[place] = bits.take(3);
  const codes = codesOf(widths);
  const lengths = [];
  while (lengths.length < literals + distances) {
    const symbol = bits.symbol(codes);
    if (symbol < 16) lengths.push(symbol);
    else if (symbol === 16) lengths.push(...Array(bits.take(2) + 3).fill(lengths.at(-1)));
    else lengths.push(...Array(symbol === 17 ? bits.take(3) + 3 : bits.take(7) + 11).fill(0));
  }
  return [codesOf(lengths.slice(0, literals)), codesOf(lengths.slice(literals))];
}

/* One block, written behind what stands already; how much stands then. */
function unpackBlock(bits, [symbols, distances], out, filled) {
  for (;;) {
    const symbol = bits.symbol(symbols);
    if (symbol === 256) return filled;
    if (symbol < 256) out[filled++] = symbol;
    else {
      const [length, width] = LENGTHS[symbol - 257];
      const end = filled + length + bits.take(width);
      const [distance, more] = DISTANCES[bits.symbol(distances)];
      for (let from = filled - distance - bits.take(more); filled < end; ) out[filled++] = out[from++];
    }
  }
}

/* The text of a file of ours: its head is ten bytes, its last four say how long the text is. */
function unpacked(bytes) {
  const out = new Uint8Array(new DataView(bytes.buffer).getUint32(bytes.length - 4, true));
  const bits = new Bits(bytes, 10);
  let [filled, isLast] = [0, 0];
  while (!isLast) {
    isLast = bits.take(1);
    const kind = bits.take(2);
    if (kind === 0) {
      const stored = bits.stored();
      out.set(stored, filled);
      filled += stored.length;
    } else filled = unpackBlock(bits, kind === 1 ? FIXED : ownCodes(bits), out, filled);
  }
  return new TextDecoder().decode(out);
}
