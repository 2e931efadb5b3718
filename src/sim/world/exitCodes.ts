import { End } from './fleet.js';

/** Exit codes of Batch itself. Source: docs.cloud.google.com/batch/docs/troubleshooting, 2026-04-08. */
export const EXIT_PREEMPTED = 50001;
const EXIT_VM_LOST = 50002;
const EXIT_REBOOT = 50003;
const EXIT_UNRESPONSIVE = 50004;
const EXIT_TIME_LIMIT = 50005;
const EXIT_RECREATED = 50006;
/** The application's own error. */
export const EXIT_APPLICATION = 1;

/** What an attempt ended with from outside says of its VM: gone. */
export const EXITS_WITHOUT_VM: readonly number[] = [EXIT_VM_LOST, EXIT_UNRESPONSIVE, EXIT_RECREATED];

/** Ends that take the VM with them, by `End`. */
export const ENDS_WITHOUT_VM: readonly number[] = [
  End.preempted,
  End.vmLost,
  End.unresponsive,
  End.recreated,
];

/** How an attempt ends that did not finish, by `End`; the application's error may have a code of its own. */
export const EXIT_OF_END: Readonly<Record<number, number>> = {
  [End.preempted]: EXIT_PREEMPTED,
  [End.timeLimit]: EXIT_TIME_LIMIT,
  [End.failed]: EXIT_APPLICATION,
  [End.vmLost]: EXIT_VM_LOST,
  [End.reboot]: EXIT_REBOOT,
  [End.unresponsive]: EXIT_UNRESPONSIVE,
  [End.recreated]: EXIT_RECREATED,
};
