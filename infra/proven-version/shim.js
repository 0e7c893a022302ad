// Serialized into the state, as `../channel-webhook/shim.js` is, and for the same reasons as short and plain.
export const provider = {
  async configure(request) {
    this.config = request.config;
  },
  async diff(id, olds, news) {
    return (await import("pulumi-line-bot/proven-version")).diff(id, olds, news);
  },
  async create(inputs) {
    return (await import("pulumi-line-bot/proven-version")).create(inputs, this.config);
  },
  async update(id, olds, news) {
    return (await import("pulumi-line-bot/proven-version")).update(id, olds, news, this.config);
  },
};
