/** What the server made for projects by itself. */
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
