// Loaded before a program that is only evaluated. Pulumi's SDK takes a whole stack trace for each resource and has it
// mapped to sources; nobody reads it here, and it takes a third of the program's time.
Object.defineProperty(Error, "prepareStackTrace", { get: () => undefined, set() {} });
const limit = Error.stackTraceLimit;
Object.defineProperty(Error, "stackTraceLimit", { get: () => limit, set() {} });
