/** Whether every `%` begins an escape, and the bytes that they stand for are UTF-8. */
export function isPercentEncodedUtf8(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
