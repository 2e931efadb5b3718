import { WORDS_AT_ONCE } from '../streams.js';

/** What a VM is doing. */
export const Phase = {
  free: 0,
  creating: 1,
  booting: 2,
  image: 3,
  spread: 4,
  fetching: 5,
  computing: 6,
  publishing: 7,
  flushing: 8,
  idle: 9,
} as const;

/** The one pending event of a VM. */
export const Pending = {
  created: 0,
  booted: 1,
  imageReady: 2,
  spreadOver: 3,
  read: 4,
  fetched: 5,
  timer: 6,
  write: 7,
  uploaded: 8,
  publishWrite: 9,
  published: 10,
  end: 11,
  flushWrite: 12,
  flushed: 13,
  idleOver: 14,
  /** Of an attempt whose checkpoints are all alike: the watchdog's timer, and another request. */
  shipment: 15,
  steadyWrite: 16,
} as const;

/** Why the present attempt will end at `endAt`. */
export const End = {
  finished: 0,
  preempted: 1,
  failed: 2,
  timeLimit: 3,
  vmLost: 4,
  reboot: 5,
  unresponsive: 6,
  recreated: 7,
} as const;

const FEWEST_SLOTS = 256;

/** All VMs as a structure of arrays; a VM is a slot number, taken from and given back to a free list. */
export class Fleet {
  capacity = 0;
  alive = 0;
  /** VMs made so far; the number of a VM is unique in the World. */
  made = 0;
  /** VMs that there may be at once: room is made for all of them together. */
  expected = 0;
  private readonly freeSlots: number[] = [];

  phase = new Uint8Array(0);
  pending = new Uint8Array(0);
  endKind = new Uint8Array(0);
  requestsLeft = new Uint8Array(0);
  /** 1: the VM's last pull failed; the next attempt on it pulls again. */
  imageless = new Uint8Array(0);
  job = new Int32Array(0);
  /** Index of the task within its job, its campaign task, and the number of this attempt at it (0, 1, ...). */
  taskIndex = new Int32Array(0);
  task = new Int32Array(0);
  attempt = new Int32Array(0);
  /** The (task, attempt) that the VM was created for: the key of its life. */
  keyTask = new Int32Array(0);
  keyAttempt = new Int32Array(0);
  tries = new Int32Array(0);
  timerDraws = new Int32Array(0);
  backoffDraws = new Int32Array(0);
  errorDraws = new Int32Array(0);
  /** Draws made and not yet used, WORDS_AT_ONCE for each VM (Streams.uniform32). */
  timerWords = new Uint32Array(0);
  backoffWords = new Uint32Array(0);
  errorWords = new Uint32Array(0);
  number = new Float64Array(0);
  /** Start of billing; negative while the VM is being created. */
  billedFrom = new Float64Array(0);
  /** Seconds of billed time that have been put to some use already. */
  accounted = new Float64Array(0);
  deathAt = new Float64Array(0);
  /** Time of the pending event. */
  nextAt = new Float64Array(0);
  /** When the hazard began, negative before; and the integrated hazard that the VM can still bear. */
  hazardFrom = new Float64Array(0);
  bearing = new Float64Array(0);
  endAt = new Float64Array(0);
  limitAt = new Float64Array(0);
  attemptFrom = new Float64Array(0);
  fetchFrom = new Float64Array(0);
  computeFrom = new Float64Array(0);
  /** When computing was over, negative before; and the work that was done then. */
  stoppedAt = new Float64Array(0);
  stoppedWork = new Float64Array(0);
  work = new Float64Array(0);
  /** Durable progress at the start of the run. */
  base = new Float64Array(0);
  /** Progress at `markTime`, from which computing goes on (a pause puts it into the future). */
  markTime = new Float64Array(0);
  markProgress = new Float64Array(0);
  /** Progress in the checkpoint on its way to the bucket. */
  snapshot = new Float64Array(0);
  /** When the upload on its way is over, -1 when there is none. */
  uploadedAt = new Float64Array(0);
  /** What this attempt's checkpoints added to the bucket: the sum of bytes x time of arrival. */
  storedBytesTime = new Float64Array(0);
  /** Uploads of checkpoints that are all alike and that the books do not know of yet, and when the first was over. */
  uploads = new Int32Array(0);
  firstUploadedAt = new Float64Array(0);
  /** What is being shipped, and what the last two uploads held: a number or a time, see SteadyUploads. */
  shipping = new Float64Array(0);
  shippedLast = new Float64Array(0);
  shippedBefore = new Float64Array(0);
  /** Local engine checkpoints that have been shipped or skipped in this run. */
  shipped = new Int32Array(0);

  take(): number {
    if (this.freeSlots.length === 0) this.grow();
    const vm = this.freeSlots.pop() as number;
    this.number[vm] = this.made;
    this.made += 1;
    this.alive += 1;
    return vm;
  }

  give(vm: number): void {
    this.phase[vm] = Phase.free;
    this.alive -= 1;
    this.freeSlots.push(vm);
  }

  private grow(): void {
    const isFew = this.expected <= this.capacity;
    const capacity = Math.max(FEWEST_SLOTS, isFew ? this.capacity * 2 : this.expected);
    for (const [name, array] of Object.entries(this)) {
      if (
        array instanceof Uint8Array ||
        array instanceof Int32Array ||
        array instanceof Uint32Array ||
        array instanceof Float64Array
      ) {
        // The words of draws, and they alone, are unsigned.
        const perVm = array instanceof Uint32Array ? WORDS_AT_ONCE : 1;
        const larger = new (array.constructor as new (length: number) => typeof array)(perVm * capacity);
        larger.set(array as never);
        (this as unknown as Record<string, typeof array>)[name] = larger;
      }
    }
    for (let vm = capacity - 1; vm >= this.capacity; vm -= 1) this.freeSlots.push(vm);
    this.capacity = capacity;
  }
}
