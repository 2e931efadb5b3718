import { NO_RESERVATION } from '../job.js';
import { SOURCES } from '../limits.js';
import type { Finding } from '../plan.js';
import { knownZones, zonesOfJob } from '../zones.js';
import { type Rule, usedRegions } from './finding.js';

/** Batch cannot exclude a zone: a job that avoids one lists all others. */
export const avoidedZones: Rule = (plan) =>
  Object.entries(plan.cloud?.regions ?? {}).flatMap(([region, { zones, avoidZones }]): Finding[] => {
    if (avoidZones.length === 0 || zonesOfJob(plan, region) !== null) return [];
    const known = zones ?? knownZones(plan.machine.type, region);
    const common = { rule: 'avoid-zones', severity: 'error' as const, source: SOURCES.protos };
    const path = `cloud.regions.${region}.avoidZones`;
    if (known === null) {
      const message = `Batch knows no zones to avoid, and which zones of ${region} have ${plan.machine.type} is not known here: list those to use in cloud.regions.${region}.zones.`;
      return [{ ...common, path, message, found: avoidZones.join(', '), limit: 'a list of zones to use' }];
    }
    const message = `No zone of ${region} is left: avoid fewer zones.`;
    return [{ ...common, path, message, found: avoidZones.join(', '), limit: known.join(', ') }];
  });

/** G2 machines are in some zones of a region only. */
export const zoneHasMachine: Rule = (plan) =>
  usedRegions(plan).flatMap((region) => {
    const known = knownZones(plan.machine.type, region);
    if (known === null) return [];
    return (zonesOfJob(plan, region) ?? [])
      .filter((zone) => zone.startsWith(`${region}-`) && !known.includes(zone))
      .map((zone) => ({
        rule: 'zone-machine',
        severity: 'warning',
        path: `cloud.regions.${region}.zones`,
        message: `${zone} was not among the zones with ${plan.machine.type} in July 2026: check it, or leave it out.`,
        found: zone,
        limit: known.join(', '),
        source: SOURCES.l4Zones,
      }));
  });

/** A reservation lies in one zone of one project, and only on-demand VMs consume it. */
export const reservations: Rule = (plan) =>
  Object.entries(plan.cloud?.regions ?? {}).flatMap(([region, { reservation }]): Finding[] => {
    if (reservation === null || reservation === NO_RESERVATION) return [];
    const common = { path: `cloud.regions.${region}.reservation`, source: SOURCES.reservations };
    const findings: Finding[] = [];
    const match = /^projects\/([^/]+)\/(?:zones\/([^/]+)\/)?reservations\//.exec(reservation);
    const project = plan.cloud?.project ?? null;
    if (match?.[1] !== undefined && project !== null && match[1] !== project) {
      const message = `VMs of a Batch job cannot use a reservation that another project shares: make one in ${project}.`;
      findings.push({
        ...common,
        rule: 'reservation-shared',
        severity: 'error',
        message,
        found: match[1],
        limit: project,
      });
    }
    const zone = match?.[2];
    const zones = zonesOfJob(plan, region);
    const inside = zone === undefined || (zones?.includes(zone) ?? zone.startsWith(`${region}-`));
    if (!inside) {
      const message = `The reservation lies in ${zone}, where no VM of ${region}'s jobs may be: name one of their zones.`;
      const limit = zones?.join(', ') ?? `a zone of ${region}`;
      findings.push({
        ...common,
        rule: 'reservation-zone',
        severity: 'error',
        message,
        found: zone ?? '',
        limit,
      });
    }
    const onDemand =
      plan.remainder.policy === 'onDemand' ||
      plan.shards.some(
        (shard) => shard.provisioning === 'onDemand' && [shard.region].flat().includes(region),
      );
    if (!onDemand) {
      const message = `Nothing in ${region} runs on demand, and Spot VMs use no reservation, which is paid all the same: remove it, or plan with on-demand VMs.`;
      const limit = 'on-demand VMs';
      findings.push({
        ...common,
        rule: 'reservation-unused',
        severity: 'warning',
        message,
        found: reservation,
        limit,
      });
    }
    return findings;
  });
