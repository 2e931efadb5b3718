import type { InputOf } from '../plan/taskIndex.js';
import type { CampaignView } from './campaignView.js';
import type { Inventory } from './inventory.js';
import type { CloudPort } from './port.js';
import type { RunRecord } from './runRecord.js';

/** What whoever acts on a run needs at hand. */
export interface Acting {
  readonly record: RunRecord;
  readonly project: string;
  /** Every call of it is retried. */
  readonly cloud: CloudPort;
  readonly view: CampaignView;
  readonly inventory: Inventory;
  readonly inputOf: InputOf;
}
