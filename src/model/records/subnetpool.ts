/** Tables of subnet pools that clients do not see as such. */
import { field, record } from '../language.ts';
import * as t from '../types.ts';

/**
 * What no subnet has yet of a subnet pool, as the fewest aligned blocks: two halves of a block never stand side by side. So a
 * block of any size is found, taken and given back with a few look-ups, however many subnets there are.
 */
export const subnetpoolSpace = record({
  name: 'subnetpool_space',
  plural: 'subnetpool_spaces',
  doc: 'A free block of a subnet pool.',
  key: ['subnetpool_id', 'slot'],
  fields: {
    subnetpool_id: field(t.uuid(), 'The pool.', { references: { record: 'subnetpool', onDelete: 'cascade' } }),
    slot: field(t.string(40), 'The size and the first address, so that text order is smallest block, lowest address.'),
  },
});
