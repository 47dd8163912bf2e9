/** The metadata service's entry points. */
export { Instances } from './instances.ts';
export { type MetadataService, type MetadataServiceOptions, startMetadataService } from './service.ts';
