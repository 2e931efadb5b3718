/** The only address that the emulator listens on: it answers anyone who reaches it. */
export const LOOPBACK = '127.0.0.1';

const LOCAL_NAMES = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Whether a request's Host header names this machine. A web page can make a browser send requests here under a
 * name of its own that resolves to 127.0.0.1 (DNS rebinding); its Host gives it away.
 */
export function isLocalHost(host: string | undefined): boolean {
  return host !== undefined && LOCAL_NAMES.has(host.replace(/:\d+$/, '').toLowerCase());
}
