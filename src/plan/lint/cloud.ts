import { LIMITS, PREDEFINED_LABELS, RESERVED_LABEL_PREFIXES, SOURCES, TAG_PATTERN } from '../limits.js';
import type { Finding } from '../plan.js';
import type { Rule } from './finding.js';

/** Labels that the job builder adds itself: run and shard on VMs and job, and the spec's hash on the job. */
const OWN_LABELS = 2;

export const labels: Rule = ({ cloud }) => {
  const entries = Object.entries(cloud?.labels ?? {});
  const most = LIMITS.vmLabels.value - OWN_LABELS;
  const findings: Finding[] = entries.flatMap(([key, value]) => labelFinding(key, value));
  if (entries.length > most) {
    findings.push({
      rule: 'label-count',
      severity: 'error',
      path: 'cloud.labels',
      message: `A VM of Batch takes ${LIMITS.vmLabels.value} labels of ours, ${OWN_LABELS} of them are fepcast's own: remove some.`,
      found: entries.length,
      limit: most,
      source: LIMITS.vmLabels.source,
    });
  }
  return findings;
};

function labelFinding(key: string, value: string): Finding[] {
  const path = `cloud.labels.${key}`;
  const prefix = RESERVED_LABEL_PREFIXES.find((reserved) => key.startsWith(reserved));
  if (prefix !== undefined || PREDEFINED_LABELS.some((name) => name === key)) {
    const message = `Batch keeps ${prefix === undefined ? key : `labels that begin with ${prefix}`} for itself and refuses the job: rename the label.`;
    const limit = [...RESERVED_LABEL_PREFIXES.map((p) => `${p}*`), ...PREDEFINED_LABELS].join(', ');
    return [
      {
        rule: 'label-reserved',
        severity: 'error',
        path,
        message,
        found: key,
        limit: `none of ${limit}`,
        source: SOURCES.labels,
      },
    ];
  }
  if (/^[a-z][a-z0-9_-]{0,62}$/.test(key) && /^[a-z0-9_-]{0,63}$/.test(value)) return [];
  return [
    {
      rule: 'label-form',
      severity: 'error',
      path,
      message: `Labels are lower-case letters, digits, "-" and "_", at most ${LIMITS.labelCharacters.value} characters, and a key begins with a letter: change it.`,
      found: `${key}=${value}`,
      limit: `${LIMITS.labelCharacters.value} characters of a-z, 0-9, _ and -`,
      source: LIMITS.labelCharacters.source,
    },
  ];
}

export const tags: Rule = ({ cloud }) =>
  (cloud?.tags ?? []).flatMap((tag, i): Finding[] => {
    if (TAG_PATTERN.test(tag)) return [];
    const message = `A network tag has 1 to ${LIMITS.tagCharacters.value} lower-case letters, digits and hyphens, a letter first: change it.`;
    return [
      {
        rule: 'tag-form',
        severity: 'error',
        path: `cloud.tags[${i}]`,
        message,
        found: tag,
        limit: TAG_PATTERN.source,
        source: LIMITS.tagCharacters.source,
      },
    ];
  });
