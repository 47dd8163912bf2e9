/** What ports have beside addresses and security: names in DNS, DHCP options, the state of their wires. */
import { malformedBody } from '../model/faults.ts';
import type { port } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { optionsAfter, problemOfOption } from '../rules/dhcp-options.ts';
import { nameUnder, problemOfName } from '../rules/dns.ts';
import { extensionDriverNames } from '../rules/extensions.ts';
import type { Context } from './context.ts';

type PortRow = Row<typeof port>;
type Options = NonNullable<PortRow['extra_dhcp_opts']>;

function nextOptions(before: PortRow['extra_dhcp_opts'], requests: Options): Options {
  for (const request of requests) {
    const problem = problemOfOption(request);
    if (problem !== undefined) throw malformedBody(`Invalid input for extra_dhcp_opts. Reason: ${problem}.`);
  }
  // What is kept always has a value.
  const kept = (before ?? []).map((option) => ({
    ...{ opt_name: option.opt_name, opt_value: option.opt_value ?? '', ip_version: option.ip_version ?? 4 },
  }));
  return optionsAfter(kept, requests);
}

function keptName(c: Context, name: string): string {
  const problem = problemOfName(c.settings, name);
  if (problem !== undefined) throw malformedBody(`Invalid input for dns_name. Reason: ${problem}.`);
  return nameUnder(c.settings, name);
}

/** These columns. */
export type Extras = Pick<
  PortRow,
  'extra_dhcp_opts' | 'dns_name' | 'dns_domain' | 'data_plane_status' | 'propagate_uplink_status'
>;

/** The columns of a new port. A 400 for an option or a name that cannot be. */
export function firstExtras(c: Context, draft: Draft<typeof port>): Extras {
  return {
    extra_dhcp_opts: nextOptions([], draft.extra_dhcp_opts ?? []),
    dns_name: keptName(c, draft.dns_name ?? ''),
    dns_domain: draft.dns_domain ?? '',
    data_plane_status: null,
    propagate_uplink_status: draft.propagate_uplink_status ?? true,
  };
}

/** The columns that a change sets anew. */
export function changedExtras(c: Context, row: PortRow, changes: Partial<PortRow>): Partial<Extras> {
  const { extra_dhcp_opts: options, dns_name: name } = changes;
  const updatable = extensionDriverNames(c.settings).has('uplink_status_propagation_updatable');
  if (changes.propagate_uplink_status !== undefined && !updatable) {
    throw malformedBody('Cannot update read-only attribute propagate_uplink_status');
  }
  return {
    ...(options === undefined ? {} : { extra_dhcp_opts: nextOptions(row.extra_dhcp_opts, options ?? []) }),
    ...(name === undefined ? {} : { dns_name: keptName(c, name) }),
  };
}
