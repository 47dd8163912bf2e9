/** The errors of flavors and service profiles (neutron_lib/exceptions/flavors.py). */
import { fault } from './fault.ts';

export const flavorNotFound = fault(
  'FlavorNotFound',
  404,
  (id: string) => `Flavor ${id} could not be found.`,
  'GET /flavors lists what is there.',
);
export const flavorInUse = fault(
  'FlavorInUse',
  409,
  (id: string) => `Flavor ${id} is used by some service instance.`,
  'Delete the routers of the flavor first.',
);
export const serviceProfileNotFound = fault(
  'ServiceProfileNotFound',
  404,
  (id: string) => `Service Profile ${id} could not be found.`,
  'Check the id; service profiles are for administrators.',
);
export const serviceProfileInUse = fault(
  'ServiceProfileInUse',
  409,
  (id: string) => `Service Profile ${id} is used by some service instance.`,
  'Take it from its flavors first.',
);
export const flavorProfileExists = fault(
  'FlavorServiceProfileBindingExists',
  409,
  (profileId: string, flavorId: string) =>
    `Service Profile ${profileId} is already associated with flavor ${flavorId}.`,
  'Nothing is to be done.',
);
export const flavorProfileNotFound = fault(
  'FlavorServiceProfileBindingNotFound',
  404,
  (profileId: string, flavorId: string) => `Service Profile ${profileId} is not associated with flavor ${flavorId}.`,
  'GET /flavors/{id} lists the profiles of the flavor.',
);
export const profileDriverNotFound = fault(
  'ServiceProfileDriverNotFound',
  404,
  (driver: string) => `Service Profile driver ${driver} could not be found.`,
  'GET /service-providers lists what is there; a profile without a driver needs metainfo.',
);
export const serviceProfileEmpty = fault(
  'ServiceProfileEmpty',
  400,
  () => 'Service Profile needs either a driver or metainfo.',
  'Give one of both.',
);
export const serviceProfileDisabled = fault(
  'ServiceProfileDisabled',
  503,
  () => 'Service Profile is not enabled.',
  'Enable the profile, or associate another.',
);
