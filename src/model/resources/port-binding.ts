import { bareResource, field } from '../language.ts';
import * as t from '../types.ts';
import { vifTypes, vnicTypes } from './port.ts';

/**
 * A port on a host: how it is, or would be, wired there. The active binding is the port's own columns; the table has the others, by
 * which a live migration prepares the host where the instance goes.
 */
export const portBinding = bareResource({
  name: 'binding',
  plural: 'bindings',
  alias: 'binding-extended',
  doc: 'A port on a host. One binding of a port is active; another prepares the host that its instance moves to.',
  path: '/ports/{port_id}/bindings',
  parent: { resource: 'port', field: 'port_id' },
  namedBy: 'host',
  key: ['port_id', 'host'],
  policy: { get: 'admin', create: 'admin', update: 'admin', delete: 'admin' },
  actions: [
    {
      name: 'activate',
      doc: 'Makes it the active one; the one that was is unbound.',
      role: 'admin',
      answers: 'bare row',
      bodyless: true,
    },
  ],
  fields: {
    port_id: field(t.uuid(), 'The port.', { hidden: true, references: { record: 'port', onDelete: 'cascade' } }),
    host: field(t.string(255, 1), 'The host.', { post: 'admin', required: true, filter: true }),
    vif_type: field(t.oneOf(...vifTypes), 'How the host wires it.', { filter: true }),
    vif_details: field(t.anyObject(), 'Details of the wiring.'),
    vnic_type: field(t.oneOf(...vnicTypes), 'The kind of NIC.', {
      post: 'admin',
      put: 'admin',
      default: 'normal',
      filter: true,
    }),
    profile: field(t.orNull(t.anyObject(4095), {}), 'What the host is told about the device.', {
      post: 'admin',
      put: 'admin',
      default: {},
    }),
    status: field(t.oneOf('ACTIVE', 'INACTIVE'), 'Whether it is the active one.', { stored: false, filter: true }),
  },
});
