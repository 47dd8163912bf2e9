/** Tables of what the server makes for projects by itself, and of the services that it offers. */
import { field, record } from '../language.ts';
import * as t from '../types.ts';

/** The topology of a project: one network behind one router, made at the first request. */
export const autoAllocatedTopology = record({
  name: 'auto_allocated_topology',
  plural: 'auto_allocated_topologies',
  doc: 'The network and the router that a project got by itself.',
  key: ['project_id'],
  indexes: [['network_id']],
  fields: {
    project_id: field(t.string(255), 'The project.'),
    network_id: field(t.uuid(), 'Its network.', { references: { record: 'network', onDelete: 'cascade' } }),
    router_id: field(t.uuid(), 'The router between it and the default external network.'),
  },
});

/** Which service profiles a flavor is associated with. */
export const flavorProfile = record({
  name: 'flavor_profile',
  plural: 'flavor_profiles',
  doc: 'An association of a flavor with a service profile.',
  key: ['flavor_id', 'service_profile_id'],
  indexes: [['service_profile_id']],
  fields: {
    flavor_id: field(t.uuid(), 'The flavor.', { references: { record: 'flavor', onDelete: 'cascade' } }),
    service_profile_id: field(t.uuid(), 'The profile.', {
      references: { record: 'service_profile', onDelete: 'restrict' },
    }),
  },
});
