/** What the API calls for ports. */
import { portNotFound } from '../model/faults.ts';
import { port } from '../model/index.ts';
import type { Operations } from './context.ts';
import { createPort, removePort, updatePort } from './port.ts';
import { scheduleDhcp } from './schedule.ts';

export const portOperations: Operations<typeof port> = {
  resource: port,
  notFound: portNotFound,
  create: (c, draft) => createPort(c, draft),
  update: (c, row, changes) => updatePort(c, row, changes),
  remove: async (c, row) => {
    await removePort(c, row);
    // A DHCP service that is still wanted gets a new port at once, as Neutron's agent makes itself one.
    if (row.device_owner === 'network:dhcp') await scheduleDhcp(c, row.network_id);
  },
};
