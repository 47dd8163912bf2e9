/** Limits on how many rows of each resource a project has. */
import { overQuota } from '../model/faults.ts';
import { resources } from '../model/index.ts';
import type { NetworkingSettings } from './settings.ts';

/** The names of the resources that have a quota. */
export const quotaResources: readonly string[] = resources
  .filter((resource) => resource.quota)
  .map((resource) => resource.name);

/** The limit of a project for which an administrator set none: `[quotas] quota_<resource>`, else the model's. -1: none. */
export function defaultLimit(settings: NetworkingSettings, resource: string): number {
  const declared = resources.find((candidate) => candidate.name === resource)?.quota?.default;
  return settings.quotas[resource] ?? declared ?? -1;
}

/** All default limits by resource. */
export function defaultLimits(settings: NetworkingSettings): Record<string, number> {
  return Object.fromEntries(quotaResources.map((name) => [name, defaultLimit(settings, name)]));
}

/** Throws OverQuota when `used` rows are more than `limit` (-1: none). */
export function checkQuota(resource: string, used: number, limit: number): void {
  if (limit >= 0 && used > limit) throw overQuota([resource]);
}
