/** The release of the Pulumi CLI whose behaviour and formats this engine follows; what `version` prints. */
export const engineVersion = "v3.260.0";
