/** Runs the work of one answer, from the handler to the bytes; campaign time stands still meanwhile. */
export type Answering = <T>(work: () => T) => T;
