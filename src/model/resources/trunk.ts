import { adminStateField, field, nameField, resource } from '../language.ts';
import * as t from '../types.ts';

/** How the frames of subports are told apart: by VLAN tags, or as the subport's own network travels. */
export const subportSegmentations = ['vlan', 'inherit'] as const;

/** A subport, as a request names it. */
export const subport = t.object(
  { port_id: t.uuid() },
  { segmentation_type: t.string(32), segmentation_id: t.integer(-2147483648, 4294967295) },
);

/** A port that carries the frames of other ports. */
export const trunk = resource({
  name: 'trunk',
  plural: 'trunks',
  alias: 'trunk',
  doc: 'A parent port, and the subports whose frames travel through it with a VLAN tag each.',
  quota: { default: -1 },
  unique: [['port_id']],
  actions: [
    { name: 'add_subports', doc: 'Adds subports.', role: 'member', answers: 'bare row' },
    { name: 'remove_subports', doc: 'Takes subports away.', role: 'member', answers: 'bare row' },
    { name: 'get_subports', doc: 'Shows its subports.', role: 'reader', shows: ['sub_ports'] },
  ],
  fields: {
    name: nameField(),
    admin_state_up: adminStateField('Whether it carries traffic; while it does not, nothing of it can be changed.'),
    port_id: field(t.uuid(), 'Its parent port.', {
      post: 'member',
      required: true,
      filter: true,
      sort: true,
      references: { record: 'port', onDelete: 'cascade' },
    }),
    status: field(t.oneOf('ACTIVE', 'DOWN', 'BUILD', 'DEGRADED', 'ERROR'), 'Whether its host has wired it.', {
      filter: true,
      sort: true,
    }),
    sub_ports: field(t.list(subport, { max: 4094 }), 'Its subports.', { post: 'member', default: [], stored: false }),
  },
});
