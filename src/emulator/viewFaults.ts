/** Ways in which the real service's answers lag behind what is. They change what is shown, never what happens. */
export interface ViewFaults {
  /**
   * Tasks are NOT_FOUND for so many campaign seconds after their job was created; minutes have been seen
   * (nextflow issue 5422).
   */
  freshTasksHiddenSeconds: number;
  /** Status events appear so many campaign seconds after the change that they tell of. */
  eventsLateSeconds: number;
  /** Status events come in another order than that of their times, which Batch does not promise. */
  eventsReordered: boolean;
}

export const TRUE_VIEW: Readonly<ViewFaults> = {
  freshTasksHiddenSeconds: 0,
  eventsLateSeconds: 0,
  eventsReordered: false,
};

/** The events that are shown at `now` (campaign seconds), given in the order of their times, in the order of showing. */
export function shownEvents<T extends { at: number }>(
  events: readonly T[],
  now: number,
  view: ViewFaults,
): T[] {
  const shown = events.filter(({ at }) => at + view.eventsLateSeconds <= now);
  // Every second one first: neither the first nor the last of the list is sure to be the first or last in time.
  return view.eventsReordered
    ? [...shown.filter((_, index) => index % 2 === 1), ...shown.filter((_, index) => index % 2 === 0)]
    : shown;
}
