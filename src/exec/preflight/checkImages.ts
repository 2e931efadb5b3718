import type { Plan } from '../../plan/plan.js';
import { type Check, failed, notPermitted, notVerified, passed, warned } from './check.js';
import type { ProjectState } from './facts.js';
import { byDigest, digestIn, type ImageName, isNear, parseImageName } from './imageName.js';
import { regionsOf } from './needs.js';

/** Above this the forecast's image and the real one are two different things. */
const SIZE_TOLERANCE = 1.25;

/**
 * The same image in every region, by its digest: a tag that moves would make two campaigns of one. Also gives the
 * images by digest, for the run to use.
 */
export function checkImages(
  plan: Plan,
  state: ProjectState,
): { checks: Check[]; images: Record<string, string> } {
  const images: Record<string, string> = {};
  const checks: Check[] = [];
  const digests = new Map<string, string>();
  for (const region of regionsOf(plan)) {
    const uri = plan.image.uriByRegion[region];
    if (uri === undefined) continue;
    const name = `image ${region}`;
    const image = parseImageName(uri);
    const found = image === null ? foreign(name, uri) : looked(name, uri, image, state);
    checks.push(...found.checks);
    if (found.digest === null) continue;
    digests.set(region, found.digest);
    images[region] = byDigest(uri, found.digest);
    if (image !== null) checks.push(...checkPlace(plan, name, region, image, state));
  }
  const [first, ...others] = digests;
  const different = others.find(([, digest]) => digest !== first?.[1]);
  if (first && different) checks.push(differing(plan, first, different));
  else if (digests.size > 0 && checks.every(({ outcome }) => outcome === 'pass')) {
    const where = digests.size === 1 ? '' : ` in all ${digests.size} regions`;
    return {
      checks: [passed('images', `The image is there${where}: ${shortened(first?.[1] ?? '')}.`)],
      images,
    };
  }
  return { checks: checks.filter(({ outcome }) => outcome !== 'pass'), images };
}

interface Found {
  checks: Check[];
  digest: string | null;
}

/** An image outside Artifact Registry cannot be looked up with the login at hand. */
function foreign(name: string, uri: string): Found {
  const digest = digestIn(uri);
  if (digest !== null) {
    return { checks: [warned(name, `Not verified: ${uri} is not in Artifact Registry.`)], digest };
  }
  const repair = `docker buildx imagetools inspect ${uri} --format '{{.Manifest.Digest}}'`;
  const message = `${uri} names a tag outside Artifact Registry: name it by its digest, so that a push changes nothing.`;
  return { checks: [failed(name, message, repair)], digest: null };
}

function looked(name: string, uri: string, image: ImageName, { images }: ProjectState): Found {
  const facts = images[uri];
  if (facts?.ok) return { checks: [passed(name, `${uri} is there.`)], digest: facts.value.digest };
  const repository = `${image.location}-docker.pkg.dev/${image.project.replace(':', '/')}/${image.repository}`;
  const list = `gcloud artifacts docker images list ${repository} --include-tags`;
  if (!facts) return { checks: [warned(name, `Not verified: ${uri}.`)], digest: image.digest };
  if (facts.error.kind === 'NOT_FOUND') {
    return { checks: [failed(name, `There is no image ${uri}.`, list)], digest: null };
  }
  if (image.digest !== null) return { checks: [notVerified(name, facts.error, list)], digest: image.digest };
  const message = `The tag of ${uri} cannot be resolved: ${facts.error.message}.`;
  const check =
    facts.error.kind === 'PERMISSION_DENIED'
      ? notPermitted(name, message, list)
      : failed(name, message, list);
  return { checks: [check], digest: null };
}

/** Where the image lies, and how large it is. */
function checkPlace(
  plan: Plan,
  name: string,
  region: string,
  image: ImageName,
  { images }: ProjectState,
): Check[] {
  const checks: Check[] = [];
  const facts = images[plan.image.uriByRegion[region] ?? ''];
  const bytes = facts?.ok ? facts.value.sizeBytes : null;
  const { image: assumed, prices } = plan.scenario.resolved;
  if (!isNear(image.location, region)) {
    const uri = plan.image.uriByRegion[region] ?? '';
    const nearer = uri.replace(/^[a-z0-9-]+-docker/, `${region}-docker`);
    const copy = copyCommand(withoutDigest(nearer), uri);
    if (plan.image.delivery === 'streaming') {
      const message = `Image streaming wants the repository in ${region}, and ${uri} lies in ${image.location}.`;
      checks.push(failed(name, message, copy));
    } else {
      const usd = ((bytes ?? assumed.compressedBytes) / 2 ** 30) * prices.crossRegionUsdPerGb;
      const cost = `every VM pulls it across regions, at ${usd.toFixed(2)} USD or more each`;
      checks.push(warned(name, `The image of ${region} lies in ${image.location}: ${cost}.`, copy));
    }
  }
  if (bytes !== null && bytes > SIZE_TOLERANCE * assumed.compressedBytes) {
    const sizes = `${(bytes / 1e9).toFixed(1)} GB, and the forecast assumes ${(assumed.compressedBytes / 1e9).toFixed(1)} GB`;
    checks.push(warned(name, `The image has ${sizes}: start-up will take longer than planned.`));
  }
  return checks;
}

function differing(plan: Plan, [a, digestA]: [string, string], [b, digestB]: [string, string]): Check {
  const from = byDigest(plan.image.uriByRegion[a] ?? '', digestA);
  const to = withoutDigest(plan.image.uriByRegion[b] ?? '');
  const message = `${a} and ${b} have different images (${shortened(digestA)} and ${shortened(digestB)}): their results could not be compared.`;
  return failed('images', message, copyCommand(to, from));
}

/**
 * The same digest elsewhere: unless told not to, an image for one platform is wrapped in a list, which has another one.
 * Source: https://docs.docker.com/reference/cli/docker/buildx/imagetools/create/
 */
function copyCommand(to: string, from: string): string {
  return `docker buildx imagetools create --prefer-index=false --tag ${to} ${from}`;
}

function withoutDigest(uri: string): string {
  return uri.replace(/@sha256:[0-9a-f]{64}$/, '');
}

function shortened(digest: string): string {
  return `${digest.slice(0, 'sha256:'.length + 12)}…`;
}
