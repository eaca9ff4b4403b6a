/** What to do after the manifests were written. */
export function nextSteps(dir: string): string {
  const copy = dir === '/etc/k8slab.d' ? '' : `  cp ${dir}/*.yaml /etc/k8slab.d/        # as root\n`;
  return `
Next, once you have looked at them:
  k8slab doctor -f ${dir}
  k8slab validate --strict ${dir}
${copy}  systemctl enable --now k8slabd
  k8slab get                             # until all is Ready: an image to download, then a minute or two
  ssh master00
`;
}
