resource "aws_eks_cluster" "this" {
  #checkov:skip=CKV_AWS_38:The public endpoint is open to admin_networks alone; a validation refuses anything wider than /8.
  #checkov:skip=CKV_AWS_39:Administrators and GitHub's runners come from outside; with a VPN turn endpoint_public_access off.
  name     = local.cluster
  version  = var.kubernetes_version
  role_arn = aws_iam_role.cluster.arn

  # The add-ons are ours (addons.tf): EKS' own copies could not be configured.
  bootstrap_self_managed_addons = false
  enabled_cluster_log_types     = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

  access_config {
    authentication_mode                         = "API" # no aws-auth ConfigMap
    bootstrap_cluster_creator_admin_permissions = false
  }

  upgrade_policy {
    support_type = "STANDARD" # extended support costs six times as much an hour: better to be upgraded
  }

  vpc_config {
    subnet_ids              = aws_subnet.private[*].id
    endpoint_private_access = true
    endpoint_public_access  = true
    public_access_cidrs     = var.admin_networks
  }

  encryption_config {
    resources = ["secrets"]
    provider {
      key_arn = aws_kms_key.cluster.arn
    }
  }

  depends_on = [aws_iam_role_policy_attachment.cluster, aws_cloudwatch_log_group.cluster]
}

resource "aws_cloudwatch_log_group" "cluster" { # made before EKS makes it, without an end and without our key
  #checkov:skip=CKV_AWS_338:logs_kept_days is 90 by default: a year is a choice of whoever must keep it, and pays for it.
  name              = "/aws/eks/${local.cluster}/cluster"
  retention_in_days = var.logs_kept_days
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_ec2_tag" "cluster_security_group" { # Karpenter's nodes wear the cluster's own security group
  resource_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  key         = "karpenter.sh/discovery"
  value       = local.cluster
}

resource "aws_iam_role" "cluster" {
  name               = "${var.name}-cluster"
  assume_role_policy = data.aws_iam_policy_document.cluster_trust.json
}

data "aws_iam_policy_document" "cluster_trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principals {
      type        = "Service"
      identifiers = ["eks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonEKSClusterPolicy"
}

# --- who may enter -----------------------------------------------------------

resource "aws_eks_access_entry" "admin" {
  for_each      = toset(var.admin_roles)
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.value
}

resource "aws_eks_access_policy_association" "admin" {
  for_each      = toset(var.admin_roles)
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.admin[each.key].principal_arn
  policy_arn    = "arn:${local.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}

# Service accounts prove who they are to AWS by tokens that this issuer signs.
resource "aws_iam_openid_connect_provider" "cluster" {
  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
}
