import protobuf from 'protobufjs';

const text = (id: number): protobuf.IField => ({ type: 'string', id });
const method = (requestType: string, responseType: string): protobuf.IMethod => ({
  requestType,
  responseType,
  comment: '',
});

/** Messages and services that are not among the protos of the Batch client. */
const ROOT = protobuf.Root.fromJSON({
  nested: {
    // Source: google/rpc/error_details.proto.
    BadRequest: {
      fields: { fieldViolations: { rule: 'repeated', type: 'FieldViolation', id: 1 } },
      nested: { FieldViolation: { fields: { field: text(1), description: text(2) } } },
    },
    // Source: google/cloud/location/locations.proto.
    google: {
      nested: {
        cloud: {
          nested: {
            location: {
              nested: {
                Location: { fields: { name: text(1), locationId: text(4), displayName: text(5) } },
                GetLocationRequest: { fields: { name: text(1) } },
                ListLocationsRequest: {
                  fields: {
                    name: text(1),
                    filter: text(2),
                    pageSize: { type: 'int32', id: 3 },
                    pageToken: text(4),
                  },
                },
                ListLocationsResponse: {
                  fields: {
                    locations: { rule: 'repeated', type: 'Location', id: 1 },
                    nextPageToken: text(2),
                  },
                },
                Locations: {
                  methods: {
                    ListLocations: method('ListLocationsRequest', 'ListLocationsResponse'),
                    GetLocation: method('GetLocationRequest', 'Location'),
                  },
                },
              },
            },
          },
        },
      },
    },
  },
});

export const BAD_REQUEST = ROOT.lookupType('BadRequest');
export const LOCATIONS = ROOT.lookupService('google.cloud.location.Locations');
