import { type JobAccount, JobAccounting } from './attempts.js';
import type { BatchPort } from './port.js';

/** Lists every task of a job, page by page, and adds up what their events tell as of `now`. */
export async function sweepTasks(
  port: BatchPort,
  job: { region: string; jobId: string },
  now: number,
): Promise<JobAccount> {
  const accounting = new JobAccounting();
  let token: string | null = null;
  do {
    const page: Awaited<ReturnType<BatchPort['listTasks']>> = await port.listTasks(
      job.region,
      job.jobId,
      token,
    );
    accounting.add(page.tasks);
    token = page.next;
  } while (token !== null);
  return accounting.total(now);
}
