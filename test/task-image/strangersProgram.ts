import { encodeList } from '../../src/plan/taskLists.js';
import { STUB_ENGINE } from './cloud.js';

/** The stub engine as a stranger's program that tells its step. */
export const COMMAND = {
  FEPCAST_ADAPTER: 'command',
  FEPCAST_COMMAND: encodeList(['bash', STUB_ENGINE]),
  FEPCAST_CHECKPOINT_FILES: 'stub.cpt stub.log stub.d*',
  FEPCAST_OUTPUTS: 'stub.dat stub.done',
  FEPCAST_DONE_FILE: 'stub.done',
  FEPCAST_PROGRESS_FILE: 'progress',
  STUB_PROGRESS: 'progress',
};
