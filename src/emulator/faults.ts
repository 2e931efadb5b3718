/** What can be made to go wrong with a call. */
export type FaultKind =
  /** Answered with `status` and without effect. */
  | 'refuse'
  /** Takes effect, then answered with `status` (default 503): the caller cannot know. */
  | 'loseAnswer'
  /** Takes effect twice, as if the network had repeated the request; the second answer is sent. */
  | 'duplicate'
  /** Takes effect after `seconds` of wall time. */
  | 'delay'
  /** The connection is cut without an answer and without effect. */
  | 'reset'
  /** Takes effect, then the connection is cut. */
  | 'resetAfter';

export type FaultService = 'batch' | 'storage' | 'metadata' | 'services';

export interface FaultRule {
  service: FaultService;
  /** A method such as `CreateJob` or `objects.insert`; `*`: every one. */
  method: string;
  kind: FaultKind;
  /** Share of the calls. */
  rate: number;
  /** HTTP status; the gRPC code follows from it. */
  status?: number;
  seconds?: number;
  /** Only calls within these campaign seconds. */
  from?: number;
  until?: number;
}
