/** Flavors and service profiles (neutron/db/flavors_db.py). */
import {
  flavorInUse,
  flavorNotFound,
  flavorProfileExists,
  flavorProfileNotFound,
  profileDriverNotFound,
  serviceProfileDisabled,
  serviceProfileEmpty,
  serviceProfileInUse,
  serviceProfileNotFound,
} from '../model/faults-flavors.ts';
import { flavor, flavorProfile, router, serviceProfile } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { providerOf } from '../rules/service-providers.ts';
import type { Reader } from '../store/store.ts';
import type { Context, Operations, ReadContext } from './context.ts';

type FlavorRow = Row<typeof flavor>;
type ProfileRow = Row<typeof serviceProfile>;

function createFlavor(c: Context, draft: Draft<typeof flavor>): Promise<FlavorRow> {
  return c.t.insert(flavor, {
    id: c.random.uuid(),
    name: draft.name ?? '',
    description: draft.description ?? '',
    service_type: draft.service_type ?? 'CORE',
    service_profiles: [],
    enabled: draft.enabled ?? true,
  });
}

async function updateFlavor(c: Context, row: FlavorRow, changes: Partial<FlavorRow>): Promise<FlavorRow> {
  const result = await c.t.update(flavor, row.id, changes);
  if (!result) throw flavorNotFound(row.id);
  return result;
}

async function removeFlavor(c: Context, row: FlavorRow): Promise<void> {
  if (await c.t.first(router, { flavor_id: row.id })) throw flavorInUse(row.id);
  await c.t.delete(flavor, row.id);
}

/** The profiles of each flavor, with one query. */
async function profilesOf(c: ReadContext, rows: readonly FlavorRow[]): Promise<Partial<FlavorRow>[]> {
  const bindings = await c.r.find(flavorProfile, { flavor_id: rows.map((row) => row.id) });
  const byFlavor = Map.groupBy(bindings, (binding) => binding.flavor_id);
  return rows.map((row) => ({
    service_profiles: (byFlavor.get(row.id) ?? []).map((binding) => binding.service_profile_id),
  }));
}

function checkDriver(driver: string): void {
  if (driver !== '' && !providerOf(driver)) throw profileDriverNotFound(driver);
}

async function createProfile(c: Context, draft: Draft<typeof serviceProfile>): Promise<ProfileRow> {
  const row: ProfileRow = {
    id: c.random.uuid(),
    description: draft.description ?? '',
    driver: draft.driver ?? '',
    metainfo: draft.metainfo ?? '',
    enabled: draft.enabled ?? true,
  };
  if (row.driver === '' && row.metainfo === '') throw serviceProfileEmpty();
  checkDriver(row.driver);
  return c.t.insert(serviceProfile, row);
}

async function checkNotInUse(c: Context, id: string): Promise<void> {
  if (await c.t.first(flavorProfile, { service_profile_id: id })) throw serviceProfileInUse(id);
}

async function updateProfile(c: Context, row: ProfileRow, changes: Partial<ProfileRow>): Promise<ProfileRow> {
  checkDriver(changes.driver ?? '');
  await checkNotInUse(c, row.id);
  const result = await c.t.update(serviceProfile, row.id, changes);
  if (!result) throw serviceProfileNotFound(row.id);
  return result;
}

async function removeProfile(c: Context, row: ProfileRow): Promise<void> {
  await checkNotInUse(c, row.id);
  await c.t.delete(serviceProfile, row.id);
}

/** Associates a profile with a flavor. FlavorNotFound, ServiceProfileNotFound, FlavorServiceProfileBindingExists. */
export async function addProfile(c: Context, flavorId: string, profileId: string): Promise<void> {
  if (!(await c.t.get(flavor, flavorId))) throw flavorNotFound(flavorId);
  if (!(await c.t.get(serviceProfile, profileId))) throw serviceProfileNotFound(profileId);
  const binding = { flavor_id: flavorId, service_profile_id: profileId };
  if (await c.t.first(flavorProfile, binding)) throw flavorProfileExists(profileId, flavorId);
  await c.t.insert(flavorProfile, binding);
}

/** Takes a profile from a flavor. FlavorServiceProfileBindingNotFound. */
export async function takeProfile(c: Context, flavorId: string, profileId: string): Promise<void> {
  const binding = { flavor_id: flavorId, service_profile_id: profileId };
  if ((await c.t.deleteMany(flavorProfile, binding)) === 0) throw flavorProfileNotFound(profileId, flavorId);
}

/** Throws FlavorServiceProfileBindingNotFound where a profile is not associated with a flavor. */
export async function requireProfile(r: Reader, flavorId: string, profileId: string): Promise<void> {
  const binding = { flavor_id: flavorId, service_profile_id: profileId };
  if (!(await r.first(flavorProfile, binding))) throw flavorProfileNotFound(profileId, flavorId);
}

/**
 * Who provides the next service of a flavor: by its first profile. FlavorNotFound, FlavorServiceProfileBindingNotFound,
 * ServiceProfileDisabled, ServiceProfileDriverNotFound.
 */
export async function nextProvider(r: Reader, flavorId: string): Promise<{ driver: string; provider: string }> {
  if (!(await r.get(flavor, flavorId))) throw flavorNotFound(flavorId);
  const binding = await r.first(flavorProfile, { flavor_id: flavorId });
  if (!binding) throw flavorProfileNotFound('', flavorId);
  const profile = await r.get(serviceProfile, binding.service_profile_id);
  if (!profile) throw serviceProfileNotFound(binding.service_profile_id);
  if (!profile.enabled) throw serviceProfileDisabled();
  const provider = providerOf(profile.driver);
  if (!provider) throw profileDriverNotFound(profile.driver);
  return { driver: profile.driver, provider: provider.name };
}

/** What the API calls for flavors. */
export const flavorOperations: Operations<typeof flavor> = {
  resource: flavor,
  notFound: flavorNotFound,
  create: createFlavor,
  update: updateFlavor,
  remove: removeFlavor,
  compute: profilesOf,
};

/** What the API calls for service profiles. */
export const serviceProfileOperations: Operations<typeof serviceProfile> = {
  resource: serviceProfile,
  notFound: serviceProfileNotFound,
  create: createProfile,
  update: updateProfile,
  remove: removeProfile,
};
