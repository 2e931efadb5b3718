/**
 * A process of its own: prints the names of the objects below gs://bucket/prefix, without the prefix, as one JSON list.
 * What goes wrong is one line on stderr and exit code 1.
 */
import { Storage } from '@google-cloud/storage';

const uri = process.argv[2] ?? '';
const [, bucket = '', path = ''] = /^gs:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? [];
const prefix = path === '' || path.endsWith('/') ? path : `${path}/`;
try {
  const names: string[] = [];
  // getFilesStream asks page by page; a page that fails is asked for again by the client.
  for await (const file of new Storage()
    .bucket(bucket)
    .getFilesStream({ prefix, fields: 'items/name,nextPageToken' })) {
    const name = String(file.name).slice(prefix.length);
    // "folders" that the console makes are empty objects.
    if (name !== '' && !name.endsWith('/')) names.push(name);
  }
  process.stdout.write(JSON.stringify(names));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message.split('\n')[0] : String(error)}\n`);
  process.exitCode = 1;
}
