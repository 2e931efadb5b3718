import type { WorldObserver } from '../sim/world/view.js';

/** Who wants to hear of some of what happens in the World. */
export type Listener = Pick<WorldObserver, 'taskChanged' | 'bucketUsed'>;

/** The observer that hears of everything first, and then a listener that hears of tasks. */
export function withListener(observer: WorldObserver, listener: Listener): WorldObserver {
  return {
    jobChanged: (...change) => observer.jobChanged(...change),
    vmMade: (...vm) => observer.vmMade?.(...vm),
    jobWaits: (...wait) => observer.jobWaits?.(...wait),
    taskChanged: (...change) => {
      observer.taskChanged(...change);
      listener.taskChanged(...change);
    },
    bucketUsed: (...use) => {
      observer.bucketUsed?.(...use);
      listener.bucketUsed?.(...use);
    },
  };
}
