/** The prefixes of address groups. Faults and sentences are Neutron's (neutron/db/address_group_db.py). */
import { addressesAlreadyExist, addressesNotFound } from '../model/faults-addresses.ts';

/** The group's prefixes with these added, each once. One that it has already is AddressesAlreadyExist. */
export function addAddresses(groupId: string, has: readonly string[], added: readonly string[]): string[] {
  const known = new Set(has);
  const twice = [...new Set(added)].filter((address) => known.has(address));
  if (twice.length > 0) throw addressesAlreadyExist(twice, groupId);
  return [...has, ...new Set(added)];
}

/** The group's prefixes without these. One that it does not have is AddressesNotFound. */
export function removeAddresses(groupId: string, has: readonly string[], removed: readonly string[]): string[] {
  const known = new Set(has);
  const gone = new Set(removed);
  const missing = [...gone].filter((address) => !known.has(address));
  if (missing.length > 0) throw addressesNotFound(missing, groupId);
  return has.filter((address) => !gone.has(address));
}
