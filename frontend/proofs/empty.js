// Stands in for Node's `os` and `crypto`, which the proving library names but never calls in a browser.
export default {};
