/** Of a long text so much is shown: a refusal is to be read, and fits into the head of an answer. */
const SHOWN_CHARACTERS = 80;

/** What a client has sent, as a message may quote it. */
export function quoted(text: string): string {
  return JSON.stringify(shortened(text));
}

/** The same without quotation marks. */
export function shortened(text: string, most = SHOWN_CHARACTERS): string {
  return text.length > most ? `${text.slice(0, most)}...` : text;
}
