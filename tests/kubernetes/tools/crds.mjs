// Checks custom resources, a JSON list on stdin, by the schemas of @kubernetes-models, and prints
// a list of problems. The schemas ignore unknown fields, as a cluster does that prunes them: here
// they are found as the fields that a schema has not read.
import { readFileSync } from "node:fs";

const MODELS = "./node_modules/@kubernetes-models"; // a path: not every package exports its schemas
const GATEWAY = "gateway-api/_schemas/IoK8sSigsGatewayApiApisV1";
const KEDA = "keda/_schemas/ComGithubKedacoreKedaV2ApisKedaV1alpha1";
const PROMETHEUS =
  "prometheus-operator/_schemas/ComGithubPrometheusOperatorPrometheusOperatorPkgApisMonitoringV1";
const SCHEMAS = {
  "gateway.networking.k8s.io/v1": GATEWAY,
  "keda.sh/v1alpha1": KEDA,
  "monitoring.coreos.com/v1": PROMETHEUS,
};

/** Returns the object for a validator to read, and a function that lists what it has not read. */
function watch(value, path) {
  const read = new Set();
  const children = new Map();
  const get = (target, key) => {
    read.add(key);
    const child = Reflect.get(target, key);
    if (child === null || typeof child !== "object") return child;
    if (!children.has(key)) children.set(key, watch(child, `${path}/${String(key)}`));
    return children.get(key).proxy;
  };
  const ownKeys = (target) => {
    for (const key of Reflect.ownKeys(target)) read.add(key); // a map, with keys of any name
    return Reflect.ownKeys(target);
  };
  const unread = () => [
    ...Object.keys(value)
      .filter((key) => !read.has(key))
      .map((key) => `${path}/${key}`),
    ...[...children.values()].flatMap((child) => child.unread()),
  ];
  return { proxy: new Proxy(value, { get, ownKeys }), unread };
}

async function problems(object) {
  const prefix = SCHEMAS[object.apiVersion];
  if (!prefix) return [`no schema of ${object.apiVersion}`];
  const { validate } = await import(`${MODELS}/${prefix}${object.kind}.js`);
  const watched = watch(object, "");
  const errors = validate(watched.proxy) ? [] : validate.errors;
  return [
    ...errors.map((error) => `${error.instancePath}: ${error.keyword} ${JSON.stringify(error.params)}`),
    ...watched.unread().map((path) => `${path}: unknown field`),
  ];
}

const found = [];
for (const object of JSON.parse(readFileSync(0, "utf8"))) {
  for (const problem of await problems(object)) {
    found.push(`${object.kind}/${object.metadata.name}${problem}`);
  }
}
console.log(JSON.stringify(found));
