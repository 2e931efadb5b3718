import { text } from '../description.js';

export const regionName = text({
  about: 'A Google Cloud region.',
  what: 'the name of a region',
  example: 'us-central1',
  pattern: /^[a-z][a-z0-9-]{0,62}$/,
});

export const zoneName = text({
  about: 'A Google Cloud zone.',
  what: 'the name of a zone',
  example: 'us-central1-a',
  pattern: /^[a-z][a-z0-9-]{0,62}$/,
});

export const labelName = text({
  about: 'Key of a label.',
  what: 'a label key (lower-case letters, digits, _ and -)',
  example: 'team',
  pattern: /^[a-z][a-z0-9_-]{0,62}$/,
});

const URL_START = '(?:https://(?:www|compute)\\.googleapis\\.com/compute/v1/)?';
const PROJECT = '[a-z0-9.:-]{1,100}';

/** A resource of Compute Engine: its full URL, or the part of it from `projects/`, or a shorter one. */
export const resourceUrl = (optionalProject: string): RegExp =>
  new RegExp(`^${URL_START}(?:projects/${PROJECT}/)?${optionalProject}$`);
