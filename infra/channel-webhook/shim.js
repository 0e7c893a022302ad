// What Pulumi serializes into the state, and runs from there on refresh and destroy. It only hands over to the
// package's own provider, so that the code of the checkout runs, and a change of that code is no change here.
// Plain JavaScript: type stripping would leave blanks where the annotations were, and they would be part of the text.
export const provider = {
  async configure(request) {
    this.config = request.config;
  },
  async check(olds, news) {
    return (await import("pulumi-line-bot/provider")).check(olds, news);
  },
  async diff(id, olds, news) {
    return (await import("pulumi-line-bot/provider")).diff(id, olds, news);
  },
  async create(inputs) {
    return (await import("pulumi-line-bot/provider")).create(inputs, this.config);
  },
  async read(id, outputs) {
    return (await import("pulumi-line-bot/provider")).read(id, outputs, this.config);
  },
  async update(id, olds, news) {
    return (await import("pulumi-line-bot/provider")).update(id, olds, news, this.config);
  },
  async delete(id, outputs) {
    return (await import("pulumi-line-bot/provider")).remove(id, outputs, this.config);
  },
};
