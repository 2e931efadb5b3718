import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listBucket, listFolder } from '../../src/cli/listFiles.js';
import { loadScenario } from '../../src/cli/load.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fepcast-work-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/**
 * A server that lists these objects of the bucket `bucket`, two on a page, in a thread of its own: whoever lists
 * blocks this one.
 */
async function bucketOf(names: readonly string[]): Promise<{ url: string; close: () => Promise<unknown> }> {
  const code = `
    const { createServer } = require('node:http');
    const { parentPort, workerData } = require('node:worker_threads');
    createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url, 'http://localhost');
      response.setHeader('content-type', 'application/json');
      if (!pathname.endsWith('/b/bucket/o')) {
        response.statusCode = 404;
        return response.end(JSON.stringify({ error: { code: 404, message: 'no such bucket', errors: [] } }));
      }
      const names = workerData.filter((name) => name.startsWith(searchParams.get('prefix') ?? ''));
      const from = Number(searchParams.get('pageToken') ?? 0);
      const items = names.slice(from, from + 2).map((name) => ({ name, bucket: 'bucket' }));
      const more = from + 2 < names.length ? { nextPageToken: String(from + 2) } : {};
      response.end(JSON.stringify({ kind: 'storage#objects', items, ...more }));
    }).listen(0, '127.0.0.1', function () { parentPort.postMessage(this.address().port); });`;
  const worker = new Worker(code, { eval: true, workerData: names });
  const [port] = await once(worker, 'message');
  return { url: `http://127.0.0.1:${port}`, close: () => worker.terminate() };
}

function put(path: string, text = ''): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const scenario = (work: string) => `
name: named
campaign: { taskDuration: { constant: 7h } }
regions: { us-central1: { quota: { spotGpus: 5 } } }
work: ${work}
`;

describe('the work of a scenario file', () => {
  it('is read from a table that lies beside it', () => {
    put('project/s.yaml', scenario('{ table: ../tables/tasks.csv }'));
    put('tables/tasks.csv', 'molecule,window,input\na,1,x.tpr\na,0,y.tpr\n');
    const { work, campaign } = loadScenario(join(folder, 'project/s.yaml'));
    expect(campaign).toMatchObject({ molecules: 1, windows: 2 });
    expect(work?.table).toMatchObject({ folder: join(folder, 'project'), inputs: ['y.tpr', 'x.tpr'] });
  });

  it('is found in a folder that lies beside it', () => {
    put('s.yaml', scenario('{ inputs: in, pattern: "{molecule}/{leg}/w{window}/window.tpr" }'));
    for (const molecule of ['a', '$(reboot)']) {
      for (const window of [0, 1]) put(`in/${molecule}/complex/w${window}/window.tpr`);
    }
    put('in/a/complex/w0/window.log');
    const { work } = loadScenario(join(folder, 's.yaml'));
    expect(work?.table?.molecules).toEqual(['$(reboot)', 'a']);
    expect(work?.table?.inputs[1]).toBe('in/$(reboot)/complex/w1/window.tpr');
  });

  it('is missed in one sentence', () => {
    put('s.yaml', scenario('{ inputs: nowhere, pattern: "{molecule}.tpr" }'));
    expect(() => loadScenario(join(folder, 's.yaml'))).toThrow(
      /s\.yaml: work\.inputs: found "nowhere" \(ENOENT: .*\), expected a folder that can be listed$/,
    );
  });
});

describe('listing', () => {
  it('a folder gives the files at every depth, and links to files', () => {
    put('in/b/c/d.tpr');
    put('in/a.tpr');
    symlinkSync(join(folder, 'in/a.tpr'), join(folder, 'in/link.tpr'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'in/broken.tpr'));
    expect(listFolder(join(folder, 'in')).sort()).toEqual(['a.tpr', 'b/c/d.tpr', 'link.tpr']);
  });

  it('a bucket is asked for its objects piece by piece, by another process', async () => {
    const worker = await bucketOf(['series/a.tpr', 'series/b/c.tpr', 'series/', 'series/folder/']);
    try {
      const before = process.env.STORAGE_EMULATOR_HOST;
      process.env.STORAGE_EMULATOR_HOST = worker.url;
      try {
        expect(listBucket('gs://bucket/series')).toEqual(['a.tpr', 'b/c.tpr']);
        expect(() => listBucket('gs://missing/series')).toThrow('no such bucket');
      } finally {
        if (before === undefined) delete process.env.STORAGE_EMULATOR_HOST;
        else process.env.STORAGE_EMULATOR_HOST = before;
      }
    } finally {
      await worker.close();
    }
  });
});
