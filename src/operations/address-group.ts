/** Address groups: sets of prefixes that rules of security groups refer to. */
import { badRequest, malformedBody } from '../model/faults.ts';
import { addressGroupInUse, addressGroupNotFound } from '../model/faults-addresses.ts';
import { addressGroup, securityGroupRule } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { changedAddresses, maxGroupAddresses } from '../model/resources/address-group.ts';
import { Problem } from '../model/types.ts';
import { addAddresses, removeAddresses } from '../rules/address-group.ts';
import type { Context, Operations } from './context.ts';
import { shareable } from './sharing.ts';
import { newStandard } from './standard.ts';

type GroupRow = Row<typeof addressGroup>;

function createGroup(c: Context, draft: Draft<typeof addressGroup>): Promise<GroupRow> {
  return c.t.insert(addressGroup, {
    ...newStandard(c, draft),
    name: draft.name ?? '',
    addresses: [...new Set(draft.addresses)],
    shared: false,
  });
}

async function updateGroup(c: Context, row: GroupRow, changes: Partial<GroupRow>): Promise<GroupRow> {
  const result = await c.t.update(addressGroup, row.id, changes);
  if (!result) throw addressGroupNotFound(row.id);
  return result;
}

async function removeGroup(c: Context, row: GroupRow): Promise<void> {
  if (await c.t.first(securityGroupRule, { remote_address_group_id: row.id })) throw addressGroupInUse(row.id);
  await c.t.delete(addressGroup, row.id);
}

function addressesIn(body: Readonly<Record<string, unknown>>): string[] {
  const addresses = changedAddresses.parse(body.addresses);
  if (!(addresses instanceof Problem)) return addresses;
  const where = `addresses${addresses.path}`;
  throw malformedBody(`Invalid input for ${where}. Reason: expected ${addresses.expected}, found ${addresses.found}.`);
}

/** Sets the prefixes; hosts with a rule that refers to the group hear of this set and of nothing else. */
async function setAddresses(c: Context, row: GroupRow, addresses: string[]): Promise<GroupRow> {
  if (addresses.length > maxGroupAddresses)
    throw badRequest('address_group', `An address group has at most ${maxGroupAddresses} addresses`);
  if (addresses.length !== row.addresses.length) c.t.wake([`address_set/${row.id}`]);
  return updateGroup(c, row, { addresses });
}

/** What the API calls. */
export const addressGroupOperations: Operations<typeof addressGroup> = shareable({
  resource: addressGroup,
  notFound: addressGroupNotFound,
  create: createGroup,
  update: updateGroup,
  remove: removeGroup,
  actions: {
    add_addresses: (c, row, body) => setAddresses(c, row, addAddresses(row.id, row.addresses, addressesIn(body))),
    remove_addresses: (c, row, body) => setAddresses(c, row, removeAddresses(row.id, row.addresses, addressesIn(body))),
  },
});
