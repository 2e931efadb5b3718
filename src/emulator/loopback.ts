import { inputError } from '../scenario/errors.js';

/** The address that the emulator listens on unless it is told otherwise. */
export const LOOPBACK = '127.0.0.1';

/** What `--host` may name: the emulator answers anyone who reaches it, so nobody else may reach it. */
const LOOPBACK_ADDRESSES: Record<string, string> = {
  [LOOPBACK]: LOOPBACK,
  localhost: LOOPBACK,
  '::1': '::1',
  '[::1]': '::1',
};

/** The address to bind; throws an InputError for anything that is not this machine's loopback interface. */
export function loopbackAddress(host: string): string {
  const address = Object.hasOwn(LOOPBACK_ADDRESSES, host) ? LOOPBACK_ADDRESSES[host] : undefined;
  if (address !== undefined) return address;
  throw inputError({
    path: '--host',
    found: JSON.stringify(host),
    expected: 'a loopback address (127.0.0.1, localhost or ::1): the emulator asks nobody who they are',
  });
}

/** As it stands in a URL or in a gRPC target. */
export function inUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

const LOCAL_NAMES = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Whether a request's Host header names this machine. A web page can make a browser send requests here under a
 * name of its own that resolves to 127.0.0.1 (DNS rebinding); its Host gives it away.
 */
export function isLocalHost(host: string | undefined): boolean {
  return host !== undefined && LOCAL_NAMES.has(host.replace(/:\d+$/, '').toLowerCase());
}
