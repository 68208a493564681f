# "general": on demand, for everything that must not vanish. "blender": spot, tainted, a fall-back beside Karpenter.

resource "aws_iam_role" "node" {
  name               = "${var.name}-node"
  assume_role_policy = data.aws_iam_policy_document.node_trust.json
}

data "aws_iam_policy_document" "node_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy_attachment" "node" {
  # The CNI's rights are with its service account (addons.tf), not with the node. SSM instead of SSH.
  for_each   = toset(["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore"])
  role       = aws_iam_role.node.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/${each.value}"
}

locals {
  blender_node_class = yamldecode(file("${path.module}/karpenter/node-class.yaml"))
}

resource "aws_launch_template" "node" {
  for_each               = { general = 50, blender = 100 } # GiB of disk; the Blender image is 2 GB and workspaces lie on it
  name                   = "${var.name}-${each.key}"
  update_default_version = true
  # The same kubelet for Blender's nodes whoever makes them. EKS merges it with what joins a node to the cluster.
  user_data = each.key == "blender" ? base64encode(local.blender_node_class.spec.userData) : null

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # pods cannot reach the node's credentials
    http_endpoint               = "enabled"
  }

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_type           = "gp3"
      volume_size           = each.value
      encrypted             = true
      delete_on_termination = true
    }
  }

  tag_specifications {
    resource_type = "instance"
    tags          = merge(local.tags, { Name = "${var.name}-${each.key}" })
  }
}

resource "aws_eks_node_group" "general" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "general"
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = aws_subnet.private[*].id
  instance_types  = var.general_nodes.instance_types
  capacity_type   = "ON_DEMAND"
  ami_type        = "AL2023_x86_64_STANDARD"
  labels          = { "prompt2mesh.io/pool" = "general" }

  scaling_config {
    min_size     = var.general_nodes.min
    max_size     = var.general_nodes.max
    desired_size = var.general_nodes.min
  }

  update_config {
    max_unavailable = 1
  }

  node_repair_config {
    enabled = true
  }

  launch_template {
    id      = aws_launch_template.node["general"].id
    version = aws_launch_template.node["general"].latest_version
  }

  lifecycle {
    ignore_changes = [scaling_config[0].desired_size] # whoever scales it, Terraform does not undo it
  }

  depends_on = [aws_iam_role_policy_attachment.node, aws_eks_addon.before_nodes]
}

resource "aws_eks_node_group" "blender" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "blender"
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = aws_subnet.private[*].id
  instance_types  = var.blender_nodes.instance_types
  capacity_type   = "SPOT"
  ami_type        = "AL2023_x86_64_STANDARD"
  labels          = { "prompt2mesh.io/pool" = "blender" }

  taint { # nothing but Blender lands on a node that may vanish in two minutes
    key    = "prompt2mesh.io/pool"
    value  = "blender"
    effect = "NO_SCHEDULE"
  }

  scaling_config {
    min_size     = var.blender_nodes.min
    max_size     = var.blender_nodes.max
    desired_size = var.blender_nodes.min
  }

  update_config {
    max_unavailable = 1
  }

  node_repair_config {
    enabled = true
  }

  launch_template {
    id      = aws_launch_template.node["blender"].id
    version = aws_launch_template.node["blender"].latest_version
  }

  lifecycle {
    ignore_changes = [scaling_config[0].desired_size]
  }

  depends_on = [aws_iam_role_policy_attachment.node, aws_eks_addon.before_nodes]
}
