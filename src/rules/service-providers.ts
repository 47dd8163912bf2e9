/** Who provides the services: what `GET /service-providers` lists, under the names of Neutron's drivers. */

/** A provider, and the driver that service profiles name it by. */
export interface ServiceProvider {
  readonly service_type: string;
  readonly name: string;
  readonly default: boolean;
  readonly driver: string;
}

/** Every provider that there is. */
export const serviceProviders: readonly ServiceProvider[] = [
  {
    service_type: 'L3_ROUTER_NAT',
    name: 'single_node',
    default: true,
    driver: 'neutron.services.l3_router.service_providers.single_node.SingleNodeDriver',
  },
];

/** The provider whose driver this is. */
export function providerOf(driver: string): ServiceProvider | undefined {
  return serviceProviders.find((provider) => provider.driver === driver);
}
