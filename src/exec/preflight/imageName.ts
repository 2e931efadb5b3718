/** A container image in Artifact Registry: `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE[:TAG][@DIGEST]`. */
export interface ImageName {
  /** A region such as us-central1, or a multi-region: us, europe, asia. */
  location: string;
  project: string;
  repository: string;
  /** May hold slashes. */
  image: string;
  tag: string | null;
  /** `sha256:` and 64 hex digits. */
  digest: string | null;
}

const ARTIFACT_REGISTRY =
  /^(?<location>[a-z][a-z0-9-]*)-docker\.pkg\.dev\/(?<project>(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+\/)?[^/]+)\/(?<repository>[^/]+)\/(?<image>[^:@]+)(?::(?<tag>[^@]+))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/** Null for an image in another registry: its tags cannot be asked for here. */
export function parseImageName(uri: string): ImageName | null {
  const groups = ARTIFACT_REGISTRY.exec(uri)?.groups;
  if (!groups) return null;
  const { location = '', project = '', repository = '', image = '', tag = null, digest = null } = groups;
  // A project of a domain is `example.com/name` here and `example.com:name` everywhere else.
  return { location, project: project.replace('/', ':'), repository, image, tag, digest };
}

/** The digest at the end of any image's name, or null. */
export function digestIn(uri: string): string | null {
  return /@(sha256:[0-9a-f]{64})$/.exec(uri)?.[1] ?? null;
}

/** The same image by its digest, which no push changes. */
export function byDigest(uri: string, digest: string): string {
  const bare = uri.replace(/@sha256:[0-9a-f]{64}$/, '');
  const lastSlash = bare.lastIndexOf('/');
  const name = bare.slice(lastSlash + 1).replace(/:.*$/, '');
  return `${bare.slice(0, lastSlash + 1)}${name}@${digest}`;
}

/** Whether VMs of a region read the repository without leaving it: the region itself, or its multi-region. */
export function isNear(location: string, region: string): boolean {
  return location === region || region.startsWith(`${location}-`);
}
