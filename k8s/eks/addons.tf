# EKS' own add-ons. vpc-cni must be there before the first node, and it enforces our NetworkPolicies only because it is
# told to here: without `enableNetworkPolicy` they are accepted and mean nothing.

locals {
  addons_before_nodes = {
    "vpc-cni" = {
      role = aws_iam_role.service_account["vpc-cni"].arn
      values = {
        enableNetworkPolicy = "true"
        env                 = { ENABLE_PREFIX_DELEGATION = "true", WARM_PREFIX_TARGET = "1" }
      }
    }
    "kube-proxy" = { role = null, values = {} }
  }
  addons = {
    "coredns" = {
      role   = null
      values = { autoScaling = { enabled = true, minReplicas = 2, maxReplicas = 10 } }
    }
    "aws-ebs-csi-driver" = {
      role   = aws_iam_role.service_account["ebs-csi"].arn
      values = { controller = { nodeSelector = { "prompt2mesh.io/pool" = "general" } } }
    }
    "metrics-server" = { role = null, values = { replicas = 2 } } # the HPAs' CPU numbers
  }
}

resource "aws_eks_addon" "before_nodes" {
  for_each                    = local.addons_before_nodes
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = lookup(var.addon_versions, each.key, null)
  service_account_role_arn    = each.value.role
  configuration_values        = length(each.value.values) > 0 ? jsonencode(each.value.values) : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
}

resource "aws_eks_addon" "this" {
  for_each                    = local.addons
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = lookup(var.addon_versions, each.key, null)
  service_account_role_arn    = each.value.role
  configuration_values        = length(each.value.values) > 0 ? jsonencode(each.value.values) : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
  depends_on                  = [aws_eks_node_group.general]
}
