import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The lines of a text that are commands, without what is said beside them. */
function commandsOf(text: string, margin: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(margin) && /^(?:fepcast|examples)\b/.test(line.slice(margin.length)))
    .map((line) => line.slice(margin.length).replace(/\s+#.*$/, ''));
}

it('scenarios/methane.yaml is run by the commands that docs/local-tasks.md gives for it', () => {
  const page = read('docs/local-tasks.md');
  const commands = commandsOf(page.slice(page.indexOf('## Real science: methane.yaml')), '    ');
  expect(commands.length).toBeGreaterThan(3);
  // The cheapest plan of tasks that take seconds writes no checkpoints: it would show nothing.
  expect(commands[1]).toMatch(/^fepcast plan scenarios\/methane\.yaml --objective time /);
  expect(commandsOf(read('scenarios/methane.yaml'), '#   ')).toEqual(commands);
});
