import { group, optionalText, plainNumber, table, text } from '../description.js';
import type { Scenario } from '../scenario.js';
import { analysis } from './analysis.js';
import { batch } from './batch.js';
import { bucket } from './bucket.js';
import { campaign, checkpoint, image, machine } from './campaign.js';
import { cloud } from './cloud.js';
import { decisions, objective } from './decisions.js';
import { prices } from './prices.js';
import { regions } from './regions.js';
import { spot } from './spot.js';
import { startup } from './startup.js';
import { task } from './task.js';
import { work } from './work.js';

/** The whole scenario, described once; everything about its form is made from this. */
export const scenarioNode = group<Scenario>('A fepcast scenario: what the world and the work are like.', {
  name: text({
    about: 'Short name of the scenario.',
    what: 'a name (letters, digits, ., _ and -)',
    example: 'thirteen-thousand',
    pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  }),
  description: optionalText({ about: 'A sentence for people.', example: 'The reference campaign.' }),
  campaign,
  checkpoint,
  image,
  machine,
  startup,
  batch,
  bucket,
  spot,
  prices,
  regions,
  decisions,
  objective,
  work,
  cloud,
  task,
  analysis,
  guesses: table({
    about:
      'Ranges of guesses, by path in the resolved scenario, in its units; usually given in place instead.',
    name: text({ about: 'Path.', what: 'a path', example: 'bucket.latencySeconds' }),
    of: group<{ low: number; high: number }>('A range.', {
      low: plainNumber({ about: 'Low end.' }),
      high: plainNumber({ about: 'High end.' }),
    }),
    fallback: {},
  }),
});
