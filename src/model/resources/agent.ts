import { bareResource, field } from '../language.ts';
import * as t from '../types.ts';

/** One function of a host, as Neutron's clients know it: the agent process of a host shows as several of these. */
export const agent = bareResource({
  name: 'agent',
  plural: 'agents',
  alias: 'agent',
  doc: 'One function of a host: L2, L3, DHCP. The one agent process of a host shows as several of these.',
  policy: { get: 'admin', update: 'admin', delete: 'admin' },
  unique: [['agent_type', 'host']],
  indexes: [['host']],
  fields: {
    id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
    agent_type: field(t.string(64), 'Linux bridge agent, L3 agent, DHCP agent …', { filter: true, sort: true }),
    binary: field(t.string(64), 'The program in a stock cloud that has this function.', { filter: true, sort: true }),
    topic: field(t.string(64), 'Kept for clients that show it.', { filter: true, sort: true }),
    host: field(t.string(255), 'The host.', { filter: true, sort: true }),
    availability_zone: field(t.nullable(t.string(255)), 'The availability zone.', { filter: true, sort: true }),
    admin_state_up: field(t.boolean(), 'Whether new work is given to it.', {
      put: 'admin',
      default: true,
      filter: true,
      sort: true,
    }),
    alive: field(t.boolean(), 'Whether it reported within agent_down_time.', { stored: false }),
    description: field(t.nullable(t.string(255)), 'What a person wrote about it.', {
      put: 'admin',
      filter: true,
      sort: true,
    }),
    created_at: field(t.timestamp(), 'When it first reported.', { sort: true }),
    started_at: field(t.timestamp(), 'When its process started.', { sort: true }),
    heartbeat_timestamp: field(t.timestamp(), 'When it last reported.', { sort: true }),
    resources_synced: field(t.nullable(t.boolean()), 'Whether its resources are in Placement; null: there is none.', {
      stored: false,
      alias: 'agent-resources-synced',
    }),
    configurations: field(t.anyObject(65536), 'What it says of itself.', {}),
  },
});
