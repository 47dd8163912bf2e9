/**
 * Stock Neutron, as it was measured: 21.0.0 (Zed, Debian 12), ML2, MariaDB with a flush at every commit, RabbitMQ, Keystone under
 * uwsgi, 2 API workers; 2 cores, 24 GiB, the load generator on the same machine. Per second and p50 (ms), at 1 and 8 at once.
 */
export interface Stock {
  readonly perSecond: number;
  readonly p50: number;
}

/** By the name of the row, then by concurrency. What is missing was not measured. */
export const stock: Readonly<Record<string, Readonly<Record<number, Stock>>>> = {
  'create network': { 1: { perSecond: 4.2, p50: 232 }, 8: { perSecond: 8.1, p50: 355 } },
  'create subnet': { 1: { perSecond: 4.5, p50: 220 }, 8: { perSecond: 9.6, p50: 633 } },
  'get network': { 1: { perSecond: 12.4, p50: 77 }, 8: { perSecond: 25.7, p50: 183 } },
  'list 84 networks': { 1: { perSecond: 4.7, p50: 208 }, 8: { perSecond: 11.7, p50: 544 } },
  'create security-group rule': { 1: { perSecond: 7.5, p50: 129 }, 8: { perSecond: 15.9, p50: 471 } },
  'create floating IP': { 1: { perSecond: 1.5, p50: 634 }, 8: { perSecond: 2.6, p50: 2690 } },
  'delete floating IP': { 1: { perSecond: 1.7, p50: 606 }, 8: { perSecond: 3.8, p50: 1742 } },
  'create port forwarding': { 1: { perSecond: 3.3, p50: 281 }, 8: { perSecond: 6.7, p50: 758 } },
  'list 100 port forwardings': { 1: { perSecond: 5.8, p50: 156 }, 8: { perSecond: 14.1, p50: 396 } },
  'create port': { 1: { perSecond: 2.4, p50: 407 }, 8: { perSecond: 3.5, p50: 2220 } },
  'delete port': { 1: { perSecond: 2.5, p50: 384 }, 8: { perSecond: 6.2, p50: 941 } },
  'create 100 ports in one request': { 1: { perSecond: 0.0283, p50: 35349 } },
  'update port name': { 1: { perSecond: 3.6, p50: 271 }, 8: { perSecond: 6.7, p50: 771 } },
  'get port': { 1: { perSecond: 29.8, p50: 30 }, 8: { perSecond: 55.5, p50: 79 } },
  'list ports by network': { 1: { perSecond: 28.0, p50: 33 }, 8: { perSecond: 43.6, p50: 121 } },
  'list ports by device': { 1: { perSecond: 32.3, p50: 27 }, 8: { perSecond: 61.5, p50: 98 } },
  'list 100 of all ports': { 1: { perSecond: 8.0, p50: 111 }, 8: { perSecond: 13.3, p50: 502 } },
  'list all of 1,000 ports': { 1: { perSecond: 1.2, p50: 845 }, 8: { perSecond: 2.0, p50: 2917 } },
  'list all of 10,000 ports': { 1: { perSecond: 0.15, p50: 6315 }, 8: { perSecond: 0.24, p50: 31782 } },
};
