import { lintOk, lintPlan } from '../plan/lint.js';
import type { Finding } from '../plan/plan.js';
import { EXIT, type ExitCode } from './exit.js';
import { loadPlanFile } from './load.js';
import { createOutput, type Output } from './output.js';

export async function lint(file: string, options: { json?: boolean }): Promise<ExitCode> {
  const output = createOutput(options);
  const findings = lintPlan(loadPlanFile(file));
  const ok = lintOk(findings);
  output.document({ ok, findings });
  if (findings.length === 0) output.print(`${file}: no findings, every limit is kept`);
  else output.print(describeFindings(findings).join('\n'));
  return ok ? EXIT.done : EXIT.failed;
}

/** One block per finding: what, where, how far from the limit, and who says so. */
export function describeFindings(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ severity, rule, path, message, found, limit, source }) => [
    `${severity}  ${rule}`,
    `  ${message}`,
    `  ${path}: found ${found}, limit ${limit}`,
    `  source: ${source}`,
  ]);
}

/** Warnings and errors on stderr, for commands that only pass by. */
export function noteFindings(output: Output, findings: readonly Finding[]): void {
  for (const line of describeFindings(findings)) output.note(line);
}
