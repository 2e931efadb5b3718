import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Checksums, compareDigests, digestsOf } from '../../../src/emulator/gcs/checksums.js';
import { crc32c } from '../../../src/emulator/gcs/crc32c.js';
import { selectFields } from '../../../src/emulator/gcs/fields.js';
import { globOf } from '../../../src/emulator/gcs/glob.js';
import { type ListRequest, listNames } from '../../../src/emulator/gcs/listing.js';
import { boundaryOf, readParts } from '../../../src/emulator/gcs/multipart.js';
import { checkBucketName, checkObjectName, compareNames } from '../../../src/emulator/gcs/names.js';
import { SortedNames } from '../../../src/emulator/gcs/sortedNames.js';

describe('crc32c', () => {
  it('agrees with the check value of the polynomial and with RFC 3720, B.4', () => {
    expect(crc32c(Buffer.from('123456789')).toString(16)).toBe('e3069283');
    expect(crc32c(Buffer.alloc(32)).toString(16)).toBe('8a9136aa');
    expect(crc32c(Buffer.alloc(32, 0xff)).toString(16)).toBe('62a8ab43');
    expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, i) => i))).toString(16)).toBe('46dd794e');
  });

  it('is the same however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, at) => {
        expect(crc32c(bytes.subarray(at), crc32c(bytes.subarray(0, at)))).toBe(crc32c(bytes));
      }),
    );
  });

  it('is refused, as an md5 is, when it is not what was promised', () => {
    const digests = digestsOf(Buffer.from('123456789'));
    expect(digests).toEqual({
      crc32c: '4waSgw==',
      md5Hash: createHash('md5').update('123456789').digest('base64'),
    });
    const parts = new Checksums();
    parts.update(Buffer.from('1234'));
    parts.update(Buffer.from('56789'));
    expect(parts.digests()).toEqual(digests);
    expect(() => compareDigests({ crc32c: '4waSgw==', md5Hash: null }, digests)).not.toThrow();
    expect(() => compareDigests({ crc32c: 'AAAAAA==', md5Hash: null }, digests)).toThrow(
      /CRC32C "AAAAAA==" doesn't/,
    );
    expect(() => compareDigests({ crc32c: null, md5Hash: 'x' }, digests)).toThrow(
      /MD5 hash "x" doesn't match/,
    );
  });
});

/** Names with all that makes trouble: folders, dots, and characters on both sides of the surrogates. */
const name = fc
  .array(
    fc.constantFrom('a', 'b', '/', '.', '~', 'é', '\u{e000}', '\u{ffff}', '\u{10000}', '\u{1f600}', '\0'),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((characters) => characters.join(''));

describe('names', () => {
  it('are ordered by their bytes in UTF-8', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(Math.sign(compareNames(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it('are walked in order whatever was added and removed in between', () => {
    const step = fc.tuple(fc.constantFrom('add', 'delete', 'look'), name);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const names = new SortedNames();
        const expected = new Set<string>();
        for (const [what, which] of steps) {
          if (what === 'look') expect([...names.from(() => false)]).toEqual([...expected].sort(compareNames));
          else {
            names[what as 'add' | 'delete'](which);
            expected[what as 'add' | 'delete'](which);
          }
          expect(names.size).toBe(expected.size);
        }
        expect([...names.from((seen) => compareNames(seen, 'b') < 0)]).toEqual(
          [...expected].filter((seen) => compareNames(seen, 'b') >= 0).sort(compareNames),
        );
      }),
    );
  });

  it.each([
    '',
    '.',
    '..',
    'a\nb',
    'a\rb',
    '.well-known/acme-challenge/x',
    'a'.repeat(1025),
    'é'.repeat(513),
    '\ud800',
  ])('of an object: refuses %j', (refused) => {
    expect(() => checkObjectName(refused)).toThrow();
  });

  it.each(['a', '/', '../..', '/etc/passwd', 'a\0b', 'é'.repeat(512), '\u{1f600}', 'C:\\x'])(
    'of an object: takes %j',
    (taken) => {
      expect(() => checkObjectName(taken)).not.toThrow();
    },
  );

  it.each(['', 'ab', 'A-b', '-ab', 'ab-', '1.2.3.4', 'a..b', 'a/b', 'x'.repeat(64), 'google-x'])(
    'of a bucket: refuses %j',
    (refused) => {
      expect(() => checkBucketName(refused)).toThrow(/Invalid bucket name/);
    },
  );
});

describe('a listing', () => {
  const base: ListRequest = {
    prefix: '',
    delimiter: '',
    startOffset: '',
    endOffset: '',
    matches: null,
    includeTrailingDelimiter: false,
    maxResults: 1000,
    pageToken: null,
  };

  /** Straight from the definition, without any order that could help. */
  function defined(all: readonly string[], request: ListRequest): { names: string[]; prefixes: string[] } {
    const { prefix, delimiter, startOffset, endOffset } = request;
    const names: string[] = [];
    const prefixes = new Set<string>();
    for (const one of [...all].sort(compareNames)) {
      if (!one.startsWith(prefix) || compareNames(one, startOffset) < 0) continue;
      if (endOffset !== '' && compareNames(one, endOffset) >= 0) continue;
      const end = delimiter === '' ? -1 : one.indexOf(delimiter, prefix.length);
      if (end < 0) names.push(one);
      else prefixes.add(one.slice(0, end + delimiter.length));
    }
    return { names, prefixes: [...prefixes] };
  }

  it('shows page by page what the definition says, each thing once', () => {
    const requests = fc.record({
      prefix: fc.constantFrom('', 'a', 'a/', 'b'),
      delimiter: fc.constantFrom('', '/', '~'),
      startOffset: fc.oneof(fc.constant(''), name),
      endOffset: fc.oneof(fc.constant(''), name),
      maxResults: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 40 }), requests, (all, options) => {
        const request = { ...base, ...options };
        const names = new SortedNames();
        for (const one of all) names.add(one);
        const seen = { names: [] as string[], prefixes: [] as string[] };
        let pageToken: string | null = null;
        do {
          const page = listNames(names, { ...request, pageToken });
          expect(page.names.length + page.prefixes.length).toBeLessThanOrEqual(request.maxResults);
          seen.names.push(...page.names);
          seen.prefixes.push(...page.prefixes);
          pageToken = page.nextPageToken;
        } while (pageToken !== null);
        expect(seen).toEqual(defined(all, request));
      }),
    );
  });

  it('goes on where it was when objects come and go between two pages', () => {
    const names = new SortedNames();
    for (const one of ['a', 'b', 'c', 'd']) names.add(one);
    const first = listNames(names, { ...base, maxResults: 2 });
    names.delete('b');
    names.add('a1');
    names.add('c1');
    expect(listNames(names, { ...base, pageToken: first.nextPageToken }).names).toEqual(['c', 'c1', 'd']);
  });

  it('refuses a token that it has not given', () => {
    expect(() => listNames(new SortedNames(), { ...base, pageToken: 'x' })).toThrow('Invalid page token.');
  });
});

describe('a glob', () => {
  it.each([
    ['*', 'a', true],
    ['*', 'a/b', false],
    ['**', 'a/b', true],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['tasks/**/result.json', 'tasks/m/l/0/w/d/result.json', true],
    ['tasks/**/result.json', 'tasks/m/l/0/w/d/result_json', false],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['{a,b}.txt', 'b.txt', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a/**/b', 'a/xb', false],
    ['**/b', 'b', true],
    ['{a,{b,c}/}x*', 'c/xyz', true],
    ['{a,{b,c}/}x*', 'c/x/z', false],
    ['[{]a', '{a', true],
    ['\\{a,b}', '{a,b}', true],
    // Patterns that make a backtracking matcher run for ages.
    [`${'*'.repeat(40)}z`, 'x'.repeat(1024), false],
    [`${'**a'.repeat(40)}z`, 'a'.repeat(1024), false],
    [`${'*a'.repeat(40)}*`, 'a'.repeat(1024), true],
  ])('%s on %s: %s', (glob, text, expected) => {
    expect(globOf(glob).test(text)).toBe(expected);
  });

  it.each(['{a', '[a', '{a,b}'.repeat(10)])('%s is refused', (glob) => {
    expect(() => globOf(glob)).toThrow('Invalid glob pattern');
  });
});

describe('fields', () => {
  const answer = {
    kind: 'k',
    nextPageToken: 't',
    prefixes: ['p/'],
    items: [{ name: 'n', size: '1', metadata: { a: 'b', c: 'd' } }],
  };

  it.each([
    ['prefixes,items/name,items/size', { prefixes: ['p/'], items: [{ name: 'n', size: '1' }] }],
    ['items(name,size),nextPageToken', { items: [{ name: 'n', size: '1' }], nextPageToken: 't' }],
    ['items/metadata/a', { items: [{ metadata: { a: 'b' } }] }],
    ['items(metadata(a))', { items: [{ metadata: { a: 'b' } }] }],
    ['items/name,items', { items: answer.items }],
    ['*', answer],
    ['items/*', { items: answer.items }],
    ['nothing', {}],
  ])('%s', (fields, expected) => {
    expect(selectFields(answer, fields)).toEqual(expected);
  });

  it.each(['items(', 'a,,b', 'items/', ')', 'a)'])('%s is refused', (fields) => {
    expect(() => selectFields(answer, fields)).toThrow(/Invalid field selection/);
  });
});

describe('a multipart body', () => {
  async function* cut(bytes: Buffer, every: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += every) yield bytes.subarray(at, at + every);
  }

  async function parse(
    bytes: Buffer,
    every: number,
    boundary = 'B',
  ): Promise<{ metadata: string; content: Buffer }> {
    const { metadata, content } = await readParts(cut(bytes, every), boundary);
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    return { metadata: metadata.toString(), content: Buffer.concat(chunks) };
  }

  const body = (end: string, data: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(`--B${end}content-type: application/json${end}${end}{"a":1}${end}--B${end}`),
      Buffer.from(`content-type: x/y${end}${end}`),
      data,
      Buffer.from(`${end}--B--${end}`),
    ]);

  it('is taken apart however it is cut, with either kind of line end', async () => {
    const pieces = fc.array(fc.constantFrom('\n', '\r\n', '--B', '-', 'x', '\r', '--'), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        pieces,
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 1, max: 90 }),
        async (some, end, every) => {
          const data = Buffer.from(some.join(''));
          // What looks like the end of the part cannot stand in the part.
          fc.pre(!`${data}`.includes(`${end}--B--`));
          expect(await parse(body(end, data), every)).toEqual({ metadata: '{"a":1}', content: data });
        },
      ),
    );
  });

  it('keeps every byte of a large part', async () => {
    const data = randomBytes(300_000);
    expect((await parse(body('\r\n', data), 65_536)).content.equals(data)).toBe(true);
  });

  it.each(['--B\r\n\r\n{}\r\n--B\r\n\r\ndata', '--C\r\n', '', `--B\r\nx: ${'y'.repeat(10_000)}`])(
    'that is torn or strange is refused (%#)',
    async (text) => {
      await expect(parse(Buffer.from(text), 7)).rejects.toThrow('Malformed multipart body.');
    },
  );

  it.each([
    ['multipart/related; boundary=abc', 'abc'],
    ['multipart/related; boundary="a b"', 'a b'],
    ["multipart/related; boundary='==1=='", '==1=='],
    ['multipart/related; charset=x; Boundary=abc; q=1', 'abc'],
  ])('has its boundary in %s', (type, boundary) => {
    expect(boundaryOf(type)).toBe(boundary);
  });
});
